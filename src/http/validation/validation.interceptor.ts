import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import type { Observable } from 'rxjs';
import { readInputs } from './read-inputs.js';

/**
 * For operations with a body: the ValidationPipe sees one parameter, and a client gets all faults of a request at
 * once. Throws ValidationFailed.
 */
@Injectable()
export class ValidationInterceptor implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    readInputs(context);
    return next.handle();
  }
}
