import { existsSync, readFileSync } from 'node:fs';
import { SourceMap, type SourceMapPayload } from 'node:module';
import { fileURLToPath } from 'node:url';

interface Frame {
  functionName: string;
  url: string;
  lineNumber: number;
  columnNumber: number;
}

interface Profile {
  nodes: { id: number; callFrame: Frame; children?: number[] }[];
  samples: number[];
  timeDeltas: number[];
}

/** Share of the busy time, by package, largest first. */
export type ProfileSummary = [name: string, share: number][];

const LONGEST_LIST = 25;

/**
 * Where the CPU time of a profile went: self time, without the time in which nothing was done. What Node.js itself
 * does counts for the package that called it.
 */
export function summarise(file: string): ProfileSummary {
  const { nodes, samples, timeDeltas } = JSON.parse(readFileSync(file, 'utf8')) as Profile;
  const frames = new Map(nodes.map(({ id, callFrame }) => [id, placeInSources(callFrame)]));
  const parents = new Map(nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id])));
  const packages = new Map<string, number>();
  let busy = 0;
  const ownerOf = (id: number | undefined): string | undefined => {
    const frame = id === undefined ? undefined : frames.get(id);
    return frame && (packageOf(frame.url) ?? ownerOf(parents.get(id ?? 0)));
  };
  samples.forEach((id, index) => {
    const frame = frames.get(id);
    const micros = timeDeltas[index] ?? 0;
    if (!frame || isNotWork(frame)) return;
    busy += micros;
    const owner = frame.functionName === GARBAGE ? GARBAGE : (ownerOf(id) ?? 'node');
    packages.set(owner, (packages.get(owner) ?? 0) + micros);
  });
  return [...packages]
    .map(([name, micros]): [string, number] => [name, micros / busy])
    .sort(([, a], [, b]) => b - a)
    .slice(0, LONGEST_LIST);
}

const GARBAGE = '(garbage collector)';

/** Idle time, and what the profiler itself costs at its start. */
const isNotWork = ({ functionName, url }: Frame): boolean =>
  functionName === '(idle)' || url === 'node:inspector';

const BUNDLE = /\/dist\/\w+\/dist\//;
const maps = new Map<string, SourceMap | undefined>();

/** The service is measured as it ships, bundled: its source maps say which package a function is from. */
function placeInSources(frame: Frame): Frame {
  if (!BUNDLE.test(frame.url)) return frame;
  if (!maps.has(frame.url)) maps.set(frame.url, sourceMapOf(fileURLToPath(frame.url)));
  const place = maps.get(frame.url)?.findEntry(frame.lineNumber, frame.columnNumber);
  if (!place || !('originalSource' in place)) return frame;
  return { ...frame, url: place.originalSource };
}

function sourceMapOf(file: string): SourceMap | undefined {
  const map = `${file}.map`;
  return existsSync(map)
    ? new SourceMap(JSON.parse(readFileSync(map, 'utf8')) as SourceMapPayload)
    : undefined;
}

function packageOf(url: string): string | undefined {
  const dependency = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1];
  if (dependency !== undefined) return dependency;
  const own = /(?:\/dist\/\w+\/|^[./]+\/src\/)(.+)\/[^/]+$/.exec(url)?.[1];
  return own === undefined ? undefined : `own ${own}`;
}
