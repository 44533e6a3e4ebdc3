import { type ArgumentMetadata, Injectable, type PipeTransform } from '@nestjs/common';
import { type Fault, ValidationFailed } from '../../common/errors/domain-error.js';
import { readBody, readQuery } from './read-input.js';

/**
 * Reads the query or the body of every request as the DTO class of its parameter, unless the ValidationInterceptor has
 * done so. Throws ValidationFailed.
 */
@Injectable()
export class ValidationPipe implements PipeTransform {
  transform(value: unknown, { type, metatype }: ArgumentMetadata): unknown {
    if ((type !== 'query' && type !== 'body') || !metatype || value instanceof metatype) return value;
    const faults: Fault[] = [];
    const dto = type === 'query' ? readQuery(metatype, value, faults) : readBody(metatype, value, faults);
    if (faults.length > 0) throw new ValidationFailed(faults);
    return dto;
  }
}
