import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { map, type Observable } from 'rxjs';
import { noneMatchNames } from './precondition.js';
import { Resource } from './resource.js';

/**
 * Gives answers that are one thing the headers that belong to it: `ETag`, and `Location` when it was just created.
 * A GET whose `If-None-Match` names the tag is answered with 304.
 */
@Injectable()
export class ResourceInterceptor implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const http = context.switchToHttp();
    const { method, headers } = http.getRequest<FastifyRequest>();
    const reply = http.getResponse<FastifyReply>();
    return next.handle().pipe(
      map((body: unknown) => {
        if (!(body instanceof Resource)) return body;
        void reply.headers(resourceHeaders(body, method));
        const isRead = method === 'GET' || method === 'HEAD';
        if (!isRead || !noneMatchNames(headers['if-none-match'] ?? '', body.etag())) return body;
        void reply.code(304);
        return undefined;
      }),
    );
  }
}

/** The headers that a thing has in the answer to a request of this method. */
export const resourceHeaders = (resource: Resource, method: string): Record<string, string> => ({
  etag: resource.etag(),
  ...(method === 'POST' && { location: resource.path() }),
});
