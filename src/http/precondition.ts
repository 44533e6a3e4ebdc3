import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type { ExpectedVersions } from '../common/versions.js';
import { etagOf } from './resource.js';

/**
 * Parameter decorator: the versions that `If-Match` names (RFC 9110, section 13.1.1). A tag that is weak or not one of
 * ours names none.
 */
export const IfMatch = createParamDecorator((_: unknown, context: ExecutionContext): ExpectedVersions => {
  const header = context.switchToHttp().getRequest<FastifyRequest>().headers['if-match'];
  if (header === undefined || header.trim() === '*') return undefined;
  return tagsOf(header).flatMap((tag) => {
    const version = Number(tag.slice(1, -1));
    return Number.isSafeInteger(version) && etagOf(version) === tag ? [version] : [];
  });
});

/** Whether `If-None-Match` names the tag, by weak comparison (RFC 9110, section 13.1.2). */
export const noneMatchNames = (header: string, etag: string): boolean =>
  header.trim() === '*' || tagsOf(header).some((tag) => tag.replace(/^W\//, '') === etag);

const tagsOf = (header: string): string[] => header.split(',').map((tag) => tag.trim());
