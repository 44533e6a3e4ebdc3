import { Controller, Get, Header, Param } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { Public } from '../auth/decorators.js';
import { DomainError } from '../common/errors/domain-error.js';
import { isProblemCode, PROBLEMS } from '../common/errors/problems.js';

/** What a problem's `type` refers to: its meaning, for people. */
@ApiExcludeController()
@Public()
@Controller('problems')
export class ProblemsController {
  @Get(':code')
  @Header('content-type', 'text/html; charset=utf-8')
  page(@Param('code') code: string): string {
    if (!isProblemCode(code)) throw new DomainError('route_not_found', 'There is no problem with this code.');
    const { status, title, meaning } = PROBLEMS[code];
    return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>${title} (${code})</title>
<h1>${title}</h1>
<p><code>${code}</code>, HTTP status ${status}</p>
<p>${meaning.replaceAll(/`([^`]+)`/g, '<code>$1</code>')}</p>
`;
  }
}
