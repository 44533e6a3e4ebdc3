// Bar charts as SVG text.

export interface BarGroup {
  label: string;
  bars: { series: string; value: number; text: string }[];
}

const COLOURS = ['#8d99ae', '#d08c60', '#2a6f97', '#74a892'];
const WIDTH = 820;
const LABEL_WIDTH = 250;
const VALUE_WIDTH = 130;
const BAR_HEIGHT = 13;
const GROUP_GAP = 14;
const HEAD_HEIGHT = 62;

/** Horizontal bars, a group for each label and a colour for each series; `line` marks a value. */
export function barChart(title: string, groups: readonly BarGroup[], line?: number): string {
  const series = [...new Set(groups.flatMap(({ bars }) => bars.map((bar) => bar.series)))];
  const largest = Math.max(...groups.flatMap(({ bars }) => bars.map(({ value }) => value)), line ?? 0);
  const widthOf = (value: number) => Math.round((value / largest) * (WIDTH - LABEL_WIDTH - VALUE_WIDTH));
  const colourOf = (name: string) => COLOURS[series.indexOf(name) % COLOURS.length] ?? 'grey';
  const parts: string[] = [];
  let y = HEAD_HEIGHT;
  for (const { label, bars } of groups) {
    const middle = y + (bars.length * BAR_HEIGHT) / 2 + 4;
    parts.push(text(LABEL_WIDTH - 10, middle, label, 'text-anchor="end"'));
    for (const bar of bars) {
      const width = Math.max(1, widthOf(bar.value));
      parts.push(
        `<rect x="${LABEL_WIDTH}" y="${y}" width="${width}" height="${BAR_HEIGHT - 2}" fill="${colourOf(bar.series)}"/>`,
        text(
          LABEL_WIDTH + width + 6,
          y + BAR_HEIGHT - 3,
          bar.text,
          'font-size="10" fill="#555" paint-order="stroke" stroke="#fff" stroke-width="3"',
        ),
      );
      y += BAR_HEIGHT;
    }
    y += GROUP_GAP;
  }
  const legend = series.map((name, index) => {
    const x = 16 + index * 190;
    return `<rect x="${x}" y="36" width="11" height="11" fill="${colourOf(name)}"/>${text(x + 17, 46, name)}`;
  });
  const x = LABEL_WIDTH + widthOf(line ?? 0);
  const mark =
    line === undefined
      ? ''
      : `<line x1="${x}" y1="${HEAD_HEIGHT - 6}" x2="${x}" y2="${y - GROUP_GAP + 4}" stroke="#333" stroke-dasharray="3 3"/>`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${y}" width="${WIDTH}" height="${y}" font-family="sans-serif" font-size="12" role="img" aria-label="${escape(title)}">`,
    `<rect width="${WIDTH}" height="${y}" fill="#fff"/>`,
    text(16, 22, title, 'font-size="14" font-weight="bold"'),
    ...legend,
    mark,
    ...parts,
    '</svg>',
    '',
  ].join('\n');
}

const text = (x: number, y: number, content: string, attributes = '') =>
  `<text x="${x}" y="${y}" ${attributes}>${escape(content)}</text>`;

const escape = (content: string) =>
  content.replace(/[&<>"]/g, (character) => `&#${character.codePointAt(0) ?? 0};`);
