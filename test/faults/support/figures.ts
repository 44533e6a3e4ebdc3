/** Tells what a test has seen; docs/reliability.md quotes it. */
export function tell(story: string, figures: Record<string, unknown>): void {
  const list = Object.entries(figures).map(([name, value]) => `${name} ${String(value)}`);
  process.stderr.write(`    figures: ${story}: ${list.join(', ')}\n`);
}
