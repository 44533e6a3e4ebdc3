import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { ROOT } from '../machine.js';

export interface Turn {
  messageFrom: 'user' | 'agent';
  content: string;
  /** JSON text. */
  metadata: string;
}

export interface Dialogue {
  service: string;
  turns: Turn[];
}

interface Line {
  services: string[];
  messages: { role: string; content: string; metadata: object }[];
}

const FILE = join(ROOT, 'test/data/sgd-dev.jsonl.gz');

/** Real dialogues between a person and an assistant; made-up ones of the same size where the file is missing. */
export function readDialogues(): { dialogues: Dialogue[]; source: string } {
  if (!existsSync(FILE)) return { dialogues: madeUp(), source: 'made-up text' };
  const lines = gunzipSync(readFileSync(FILE)).toString().trimEnd().split('\n');
  const dialogues = lines.map((text): Dialogue => {
    const { services, messages } = JSON.parse(text) as Line;
    return {
      service: services[0] ?? 'none',
      turns: messages.map(({ role, content, metadata }) => ({
        messageFrom: role === 'user' ? 'user' : 'agent',
        content,
        metadata: JSON.stringify(metadata),
      })),
    };
  });
  return { dialogues, source: 'Schema-Guided Dialogue (dev), CC BY-SA 4.0' };
}

function madeUp(): Dialogue[] {
  return Array.from({ length: 100 }, (_, index) => ({
    service: `Service_${index % 10}`,
    turns: Array.from({ length: 18 }, (_, turn): Turn => ({
      messageFrom: turn % 2 === 0 ? 'user' : 'agent',
      content: `Sentence ${turn} of dialogue ${index}, about as long as what people type.`,
      metadata: '{"acts":["INFORM"]}',
    })),
  }));
}
