import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { LogBudget } from './log-budget.js';

afterEach(() => {
  jest.useRealTimers();
});

describe('LogBudget', () => {
  it('lets so many lines a second through, and tells once how many it did not', () => {
    jest.useFakeTimers();
    const told: number[] = [];
    const budget = new LogBudget(3, (omitted) => void told.push(omitted));
    const taken = () => Array.from({ length: 5 }, () => budget.take()).filter(Boolean).length;

    expect(taken()).toBe(3);
    expect(taken()).toBe(0);
    jest.advanceTimersByTime(1_000);
    expect(told).toEqual([7]);
    expect(taken()).toBe(3);
    jest.advanceTimersByTime(10_000);
    expect(told).toEqual([7, 2]);
    budget.take();
    jest.advanceTimersByTime(1_000);
    expect(told).toEqual([7, 2]);
  });
});
