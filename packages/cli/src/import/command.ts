import { counted, formatNumber, type Output } from '../progress.js';
import { type ImportCommand } from '../options.js';
import { assertReachable, connect } from '../service.js';
import type { NewConversation } from './fit.js';
import { type ImportCounts, Importer } from './importer.js';
import { Rejects } from './rejects.js';

/** Runs `colloquy import`; answers its exit code. Throws CannotRun where nothing can be done. */
export async function runImport(
  command: ImportCommand,
  output: Output,
  signal: AbortSignal,
): Promise<number> {
  const rejects = new Rejects(command.rejects);
  const importer = new Importer(command, output, rejects, signal);
  const startedAt = performance.now();
  if (command.isDryRun) await dryRun(importer, output);
  else await send(importer, command, output);
  await rejects.close();
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  output.print(`${summary(importer.counts, command.isDryRun)}; ${seconds} s\n`);
  return exitCode(importer, output);
}

async function send(importer: Importer, command: ImportCommand, output: Output): Promise<void> {
  // What is wrong on this side is told without the service.
  const total = await importer.totalBytes();
  const service = connect(command.target);
  await assertReachable(service);
  // What an archive has around its members is never read.
  let isDone = false;
  output.start(() => ({
    total,
    done: isDone ? total : importer.bytes,
    words: summary(importer.counts, false),
  }));
  try {
    await importer.run(service);
    isDone = importer.end === 'complete';
  } finally {
    output.stop();
  }
}

async function dryRun(importer: Importer, output: Output): Promise<void> {
  let isFirst = true;
  for await (const { conversation, place } of importer.tasks()) {
    importer.counts.conversations += 1;
    importer.counts.messages += conversation.messages.length;
    if (isFirst) output.print(show(conversation, place));
    isFirst = false;
  }
}

const SHOWN_MESSAGES = 10;
const SHOWN_CHARACTERS = 100;

function show({ externalId, body, messages }: NewConversation, place: string): string {
  const { topic = '', status = '', user_id: user, created_time: created } = body;
  const head = [`${externalId} (${place})`, `"${shorten(topic)}"`, status, user && `of ${user}`, created];
  const lines = messages.slice(0, SHOWN_MESSAGES).map((message, index) => {
    const { message_from: from, content, parts } = message.body;
    const types = parts?.map(({ type }) => type).join(', ');
    return `${String(index + 1).padStart(5)} ${from.padEnd(6)} ${shorten(content)}${types ? ` [${types}]` : ''}`;
  });
  const more = messages.length - lines.length;
  return `${[head.filter(Boolean).join(', '), ...lines, ...(more > 0 ? [`      and ${counted(more, 'more message')}`] : [])].join('\n')}\n`;
}

const shorten = (text: string) => {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length > SHOWN_CHARACTERS ? `${line.slice(0, SHOWN_CHARACTERS).toWellFormed()}…` : line;
};

function summary(counts: ImportCounts, isDryRun: boolean): string {
  const { conversations, messages, continued, alreadyThere, leftOut, branches } = counts;
  return [
    `${counted(conversations, 'conversation')} and ${counted(messages, 'message')} ${isDryRun ? 'found, nothing sent' : 'stored'}`,
    continued > 0 && `${formatNumber(continued)} continued`,
    !isDryRun && `${formatNumber(alreadyThere)} already there`,
    `${formatNumber(leftOut)} left out`,
    branches > 0 &&
      `${counted(branches, 'branch').replace('branchs', 'branches')} not taken (--branches all takes them)`,
  ]
    .filter((part) => part !== false)
    .join('; ');
}

function exitCode({ end, counts, isKnown }: Importer, output: Output): number {
  if (end === 'interrupted') {
    output.note('interrupted; the same command goes on from here');
    return 130;
  }
  if (end === 'service-failed') {
    output.note('stopped, because the service takes no more; the same command goes on from here');
    return 2;
  }
  if (!isKnown && counts.leftOut > 0) return 2;
  return counts.leftOut > 0 ? 1 : 0;
}
