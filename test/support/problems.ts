import { expect } from '@jest/globals';
import { type ProblemCode, PROBLEMS } from '../../src/common/errors/problems.js';
import type { TestClient } from './test-client.js';

type TestResponse = Awaited<ReturnType<TestClient['get']>>;

/** Where a fault is: the JSON Pointer of a body (it begins with `/`, or is empty), else the name of a parameter. */
type Place = string;

/** The answer is exactly this problem, with every member that RFC 9457 and the contract ask for. */
export function expectProblem(response: TestResponse, code: ProblemCode, ...places: readonly Place[]): void {
  const { status, title } = PROBLEMS[code];
  expect(response.body).toEqual({
    type: `/problems/${code}`,
    title,
    status,
    detail: expect.stringMatching(/\S/),
    instance: expect.stringMatching(/^\/[^?]*$/),
    code,
    request_id: response.headers['x-request-id'],
    ...(places.length > 0 && { errors: expect.any(Array) }),
  });
  expect(response.status).toBe(status);
  expect(response.headers['content-type']).toMatch(/^application\/problem\+json(; charset=utf-8)?$/);
  expect(placesOf(response)).toEqual([...places].sort());
}

/** Where the faults are that a problem lists. */
export function placesOf({ body }: TestResponse): Place[] {
  const errors = (body.errors ?? []) as { detail: string; pointer?: string; parameter?: string }[];
  return errors
    .map(({ detail, pointer, parameter }) => {
      expect(detail).toMatch(/\S/);
      expect([pointer, parameter].filter((place) => place !== undefined)).toHaveLength(1);
      return pointer ?? parameter ?? '';
    })
    .sort();
}

/** What is wrong at a place, in words. */
export const detailAt = ({ body }: TestResponse, place: Place): string | undefined =>
  (body.errors as { detail: string; pointer?: string; parameter?: string }[]).find(
    (fault) => (fault.pointer ?? fault.parameter) === place,
  )?.detail;
