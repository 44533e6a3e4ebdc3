import { Controller, Get, Header, Param, Req } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { Public } from '../auth/decorators.js';
import { DomainError } from '../common/errors/domain-error.js';
import { isProblemCode, PROBLEMS } from '../common/errors/problems.js';
import { nearest } from '../common/nearest.js';
import { escaped, page, withCode } from '../http/page.js';
import { exampleOf } from '../http/problem.response.js';

const MAX_CODE_LENGTH = 64;

/** What a problem's `type` refers to: its meaning, for people. */
@ApiExcludeController()
@Public()
@Controller('problems')
export class ProblemsController {
  /** Links are relative, so that they lead somewhere behind any prefix. */
  @Get()
  @Header('content-type', 'text/html; charset=utf-8')
  index(): string {
    const entries = Object.entries(PROBLEMS).map(
      ([code, { status, title, meaning }]) =>
        `<dt><a href="problems/${code}"><code>${code}</code></a> · ${status} ${escaped(title)}</dt>
<dd>${withCode(meaning)}</dd>`,
    );
    return page(
      'Problems',
      `<h1>Problems</h1>
<p>Every failure is a problem document (RFC 9457) with one of these codes. Programs go by the <code>code</code>; the <code>detail</code> says what happened this time.</p>
<dl>
${entries.join('\n')}
</dl>`,
    );
  }

  @Get(':code')
  @Header('content-type', 'text/html; charset=utf-8')
  page(@Param('code') code: string, @Req() { server }: FastifyRequest): string {
    if (!isProblemCode(code)) {
      const near = nearest(code.slice(0, MAX_CODE_LENGTH), Object.keys(PROBLEMS));
      const hint = near === undefined ? '/problems lists all.' : `Did you mean ${near}?`;
      throw new DomainError('route_not_found', `There is no problem with this code. ${hint}`);
    }
    const { status, title, meaning, remedy } = PROBLEMS[code];
    const example = exampleOf(code);
    example.type = server.publicUrl + example.type;
    return page(
      `${title} (${code})`,
      `<nav><a href="../problems">All problems</a></nav>
<h1>${escaped(title)}</h1>
<p class="muted"><code>${code}</code>, HTTP status ${status}</p>
<p>${withCode(meaning)}</p>
<h2>What to do</h2>
<p>${withCode(remedy)}</p>
<h2>Example</h2>
<pre>${escaped(JSON.stringify(example, null, 2))}</pre>`,
    );
  }
}
