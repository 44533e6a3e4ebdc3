// What Colloquy adds to Swagger UI: text for the browser, which runs it as it stands.

/** `/docs`; paths are relative, so that they are found behind any prefix. */
export const PAGE = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Colloquy</title>
<link rel="icon" type="image/png" href="docs/favicon-32x32.png" sizes="32x32">
<link rel="stylesheet" href="docs/swagger-ui.css">
<link rel="stylesheet" href="docs/colloquy.css">
<div id="swagger-ui"></div>
<script src="docs/swagger-ui-bundle.js"></script>
<script src="docs/colloquy.js"></script>
</html>
`;

/** Credentials live in the page's memory only. Failures are one line each; those of every operation share one. */
export const SCRIPT = `
const dark = matchMedia('(prefers-color-scheme: dark)');
const follow = () => document.documentElement.classList.toggle('dark-mode', dark.matches);
dark.addEventListener('change', follow);
follow();

const problemsOf = (response) => Object.keys(response?.content?.['application/problem+json']?.examples ?? {});

/** The problems that every operation can answer. */
function commonProblems({ paths, components }) {
  const resolved = (part) => (part.$ref ? components.responses[part.$ref.split('/').at(-1)] : part);
  const all = Object.values(paths).flatMap((methods) =>
    Object.values(methods).map(({ responses }) => Object.values(responses).flatMap((part) => problemsOf(resolved(part)))),
  );
  return new Set(all.length === 0 ? [] : all.reduce((some, others) => some.filter((code) => others.includes(code))));
}

const FoldedProblems = ({ specSelectors }) => {
  let common;
  return {
    wrapComponents: {
      response: (Original, { React }) => function Response(props) {
        const [isOpen, setOpen] = React.useState(false);
        const { code, path, method, response } = props;
        const document = specSelectors.specJson();
        common ??= commonProblems(document.toJS());
        const problems = problemsOf(response.toJS());
        const isOtherSuccess = code === '200' && document.hasIn(['paths', path, method, 'responses', '201']);
        if (problems.length === 0 && !isOtherSuccess) return React.createElement(Original, props);
        const own = problems.filter((problem) => !common.has(problem));
        if (own.length === 0 && code !== '401' && !isOtherSuccess) return null;
        const shown = isOtherSuccess ? response.get('description').replaceAll('\`', '') : own.length > 0 ? own.join(', ') : 'and all else that every operation can answer: ' + [...common].join(', ');
        const button = React.createElement('button', {
          type: 'button', className: 'fold', 'aria-expanded': isOpen, onClick: () => setOpen(!isOpen),
        }, shown);
        const line = React.createElement('tr', { className: 'response folded', 'data-code': code },
          React.createElement('td', { className: 'response-col_status' }, code),
          React.createElement('td', { className: 'response-col_description', colSpan: 2 }, button));
        return React.createElement(React.Fragment, null, line, isOpen && React.createElement(Original, props));
      },
    },
  };
};

window.ui = SwaggerUIBundle({
  url: 'openapi.json',
  dom_id: '#swagger-ui',
  presets: [SwaggerUIBundle.presets.apis],
  plugins: [FoldedProblems],
  layout: 'BaseLayout',
  deepLinking: true,
  tryItOutEnabled: true,
  displayRequestDuration: true,
  defaultModelsExpandDepth: 0,
  persistAuthorization: false,
});
`;

export const STYLE = `
.swagger-ui .info { margin: 1.5rem 0; }
.swagger-ui .scheme-container { padding: .75rem 0; margin: 0 0 1rem; }
.swagger-ui .opblock .opblock-section-header { min-height: 0; padding: .3rem 1.25rem; }
.swagger-ui .opblock-description-wrapper, .swagger-ui .opblock .opblock-body .parameters-container { padding: .5rem 1.25rem; }
.swagger-ui .parameters-container .table-container { padding: 0; }

/* Parameters stand beside each other, each with its name above its field. */
.swagger-ui table.parameters thead { display: none; }
.swagger-ui table.parameters tbody { display: grid; grid-template-columns: repeat(auto-fill, minmax(16rem, 1fr)); gap: .4rem 1.5rem; }
.swagger-ui table.parameters tr { display: block; min-width: 0; }
.swagger-ui table.parameters td { display: block; padding: 0; width: auto; min-width: 0; }
.swagger-ui table.parameters .parameters-col_name { margin: 0; }
.swagger-ui table.parameters .parameter__name { display: inline; font-size: .8rem; padding: 0; }
.swagger-ui table.parameters .parameter__name.required::after { position: static; }
.swagger-ui table.parameters .parameter__type, .swagger-ui table.parameters .parameter__in { display: inline; font-size: .7rem; padding: 0 0 0 .4rem; }
.swagger-ui table.parameters .renderedMarkdown p { margin: 0; font-size: .75rem; line-height: 1.3; max-height: 2.6em; overflow: auto; }
.swagger-ui table.parameters .renderedMarkdown code { font-size: inherit; padding: 0 .15rem; }
.swagger-ui table.parameters tr:focus-within .renderedMarkdown p { max-height: none; }
.swagger-ui table.parameters .parameter__default, .swagger-ui table.parameters .parameter__enum { display: none; }
.swagger-ui table.parameters input, .swagger-ui table.parameters select { margin: .15rem 0; padding: .25rem .4rem; max-width: 100%; min-width: 0; width: 100%; }
.swagger-ui table.parameters select[multiple] { height: 3.4rem; }

.swagger-ui textarea { min-height: 8rem; height: 8rem; }
.swagger-ui .response-controls { padding-top: .25rem; }
.swagger-ui .opblock-section-request-body .opblock-description-wrapper { padding-block: .25rem; }
.swagger-ui .execute-wrapper { padding: .6rem 1.25rem; }
.swagger-ui .opblock-summary-method { text-shadow: none; }
.swagger-ui .opblock.opblock-post .opblock-summary-method { background: #2c7a52; }
.swagger-ui .opblock.opblock-get .opblock-summary-method { background: #2b6cb0; }
.swagger-ui .opblock.opblock-patch .opblock-summary-method { background: #0f766e; }
.swagger-ui .opblock.opblock-delete .opblock-summary-method { background: #c53030; }
.swagger-ui .try-out__btn.cancel { color: #c53030; }
.swagger-ui .highlight-code, .swagger-ui .model-box { max-height: 12rem; overflow: auto; }
.swagger-ui .highlight-code > .microlight { max-height: none; }
.swagger-ui .curl-command .curl, .swagger-ui .curl-command .curl * { white-space: pre-wrap !important; overflow-wrap: anywhere; }
.swagger-ui .responses-inner { padding: .5rem 1.25rem; }
.swagger-ui .responses-table .response td { padding: .25rem .5rem .25rem 0; }
.swagger-ui .response.folded .fold { all: unset; cursor: pointer; font: .8rem/1.5 ui-monospace, monospace; overflow-wrap: anywhere; }
.swagger-ui .response.folded .fold::before { content: '▸ '; }
.swagger-ui .response.folded .fold[aria-expanded=true]::before { content: '▾ '; }
.swagger-ui .response.folded .fold:focus-visible { outline: 2px solid; }
.swagger-ui .response-col_status { min-width: 4rem; }
.swagger-ui .response-col_links { display: none; }
.swagger-ui .headers-wrapper { max-height: 5rem; overflow: auto; }
.swagger-ui .headers-wrapper .headers { font-size: .75rem; }
.swagger-ui .headers td, .swagger-ui .headers th { padding: .1rem .5rem .1rem 0; }

.dark-mode body { background: #1c2022; }
.dark-mode .swagger-ui .headers td, .dark-mode .swagger-ui .headers th, .dark-mode .swagger-ui .response .header-col,
.dark-mode .swagger-ui .response.folded .fold, .dark-mode .swagger-ui .examples-select__section-label, .dark-mode .swagger-ui .response-col_status { color: #e4e6e6; }

@media (max-width: 700px) {
  .swagger-ui .wrapper { padding: 0 .75rem; }
  .swagger-ui .opblock-tag { flex-wrap: wrap; font-size: 1.2rem; }
  .swagger-ui .opblock-tag small { order: 1; flex-basis: 100%; padding: 0; }
  .swagger-ui .opblock .opblock-summary { flex-wrap: wrap; }
  .swagger-ui .opblock .opblock-summary-control { min-width: 0; }
  .swagger-ui .opblock-summary-path { max-width: 100%; overflow-wrap: anywhere; }
  .swagger-ui .opblock .opblock-summary-control { flex-wrap: wrap; }
  .swagger-ui .opblock .opblock-summary-description { flex-basis: 100%; padding: .2rem 0 0; }
  .swagger-ui .opblock-description-wrapper, .swagger-ui .responses-inner,
  .swagger-ui .opblock .opblock-body .parameters-container, .swagger-ui .opblock .opblock-section-header { padding-inline: .6rem; }
  .swagger-ui .scheme-container .schemes { flex-direction: column; align-items: flex-start; gap: .5rem; }
  .swagger-ui table.responses-table { table-layout: fixed; }
  .swagger-ui .response-col_status { width: 3.2rem; min-width: 0; }
  .swagger-ui .table-container, .swagger-ui .headers-wrapper { overflow-x: auto; }
}
`;
