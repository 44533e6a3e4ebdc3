import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { RunningJob } from './running-job.js';

const MINUTE_MS = 60_000;

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

describe('a job', () => {
  it('that is done once an hour is done a minute after the start too', async () => {
    const work = jest.fn(() => Promise.resolve(false));
    const job = new RunningJob({ name: 'hourly', everyMs: 60 * MINUTE_MS }, work);

    await jest.advanceTimersByTimeAsync(MINUTE_MS);
    expect(work).toHaveBeenCalledTimes(1);
    await jest.advanceTimersByTimeAsync(59 * MINUTE_MS);
    expect(work).toHaveBeenCalledTimes(1);
    await jest.advanceTimersByTimeAsync(MINUTE_MS);
    expect(work).toHaveBeenCalledTimes(2);
    await job.stop();
  });

  it('that is done more often begins as often as it goes on', async () => {
    const work = jest.fn(() => Promise.resolve(false));
    const job = new RunningJob({ name: 'quick', everyMs: 250 }, work);

    await jest.advanceTimersByTimeAsync(750);

    expect(work).toHaveBeenCalledTimes(3);
    await job.stop();
  });
});
