/** For a command that takes no arguments: shows with `--help` what it does, and refuses any other (exit code 2). */
export function takeNoArguments(usage, args = process.argv.slice(2)) {
  const [argument] = args;
  if (argument === undefined) return;
  const isHelp = argument === '--help' || argument === '-h';
  if (isHelp) console.log(usage);
  else console.error(`It takes no ${argument}.\n${usage}`);
  process.exit(isHelp ? 0 : 2);
}
