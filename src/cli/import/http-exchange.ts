import { isJsonObject } from '../../common/json/exact-json.js';
import { RequestFailed } from './import-errors.js';
import { parseRetryAfter } from './retry.js';

const timeoutMs = 60_000;

/** Sends one request and gives the body of a good answer; throws `RequestFailed` for any other, or for none. */
export async function exchange(url: string, init: RequestInit): Promise<string> {
  const { response, text } = await answerTo(url, init);
  if (!response.ok) throw refusal(response, text);
  return text;
}

async function answerTo(url: string, init: RequestInit): Promise<{ response: Response; text: string }> {
  try {
    const response = await fetch(url, {
      ...init,
      redirect: 'manual',
      signal: AbortSignal.timeout(timeoutMs),
    });
    return { response, text: await response.text() };
  } catch (error) {
    throw new RequestFailed(`no answer from the server (${reasonOf(error)})`, null);
  }
}

/** `fetch` hides what happened in a cause; a system error is named by its code. */
function reasonOf(error: unknown): string {
  if (!isJsonObject(error)) return String(error);
  const { code, message } = isJsonObject(error.cause) ? error.cause : error;
  return typeof code === 'string' ? code : String(message);
}

/** Names status, code and places; the problem's free text could quote what was sent. */
function refusal({ status, headers }: Response, text: string): RequestFailed {
  const problem = parseProblem(text);
  const code = typeof problem.code === 'string' ? problem.code : null;
  const places = placesOf(problem.errors);
  const parts = ['the server answered', status, code, places && `for ${places}`];
  return new RequestFailed(
    parts.filter(Boolean).join(' '),
    status,
    code,
    parseRetryAfter(headers.get('retry-after')),
  );
}

function placesOf(errors: unknown): string {
  if (!Array.isArray(errors)) return '';
  return errors
    .filter(isJsonObject)
    .map(({ pointer, parameter }) => String(pointer ?? parameter))
    .join(', ');
}

function parseProblem(text: string): Record<string, unknown> {
  try {
    const problem: unknown = JSON.parse(text);
    return isJsonObject(problem) ? problem : {};
  } catch {
    return {};
  }
}
