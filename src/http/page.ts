/** One style for all small pages, for wide and narrow windows, light and dark. */
const STYLE = `
:root { color-scheme: light dark; --muted: light-dark(#57606a, #9da7b3); --line: light-dark(#d8dee4, #30363d); }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 44rem; padding: 2.5rem 1.25rem; font: 1rem/1.6 system-ui, sans-serif;
  color: light-dark(#1f2328, #e6edf3); background: light-dark(#fff, #0d1117); overflow-wrap: anywhere; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 0 0 .5rem; }
h2 { font-size: 1.1rem; margin: 2rem 0 .25rem; }
a { color: light-dark(#0a58ca, #79b8ff); }
nav, .muted { color: var(--muted); }
nav { margin-bottom: 1.5rem; }
code, pre { font: .9em/1.5 ui-monospace, monospace; }
pre { padding: .8rem 1rem; border: 1px solid var(--line); border-radius: .4rem; white-space: pre-wrap; }
dl { margin: 1rem 0; }
dt { margin-top: .7rem; }
dd { margin: 0; color: var(--muted); }
`;

/** A whole page; `title` is text, `body` is HTML. */
export const page = (title: string, body: string): string => `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(title)} · Colloquy</title>
<link rel="icon" href="data:,">
<style>${STYLE}</style>
${body}
`;

export const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

/** Text in which what stands in backticks is code. */
export const withCode = (text: string): string => escaped(text).replaceAll(/`([^`]+)`/g, '<code>$1</code>');
