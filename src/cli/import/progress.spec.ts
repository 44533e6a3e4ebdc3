import { PassThrough } from 'node:stream';
import { describe, expect, it, jest } from '@jest/globals';
import { LinesOutput } from './progress.js';

describe('LinesOutput', () => {
  it('writes notes at once and where the import stands every few seconds', () => {
    jest.useFakeTimers();
    const stream = new PassThrough();
    const progress = { totalBytes: 200, bytesRead: 0, conversations: 0, messages: 0, failedLines: 0 };
    const output = new LinesOutput(stream);

    output.start(progress);
    output.note('line 1: not valid JSON');
    Object.assign(progress, { bytesRead: 100, conversations: 2, messages: 5, failedLines: 1 });
    jest.advanceTimersByTime(5_000);
    output.stop();
    jest.advanceTimersByTime(5_000);
    jest.useRealTimers();

    expect(String(stream.read())).toBe(
      'line 1: not valid JSON\n50 % read: 2 conversations, 5 messages; 1 lines failed\n',
    );
  });
});
