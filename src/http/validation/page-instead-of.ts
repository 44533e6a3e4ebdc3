import { ValidateBy } from 'class-validator';

/** A page number other than 1, which generated clients fill in, may not be given together with any of `others`. */
export const PageInsteadOf = (...others: string[]): PropertyDecorator =>
  ValidateBy({
    name: 'pageInsteadOf',
    validator: {
      validate: (page, rule) =>
        page === 1 || others.every((other) => rule && Reflect.get(rule.object, other) === undefined),
      defaultMessage: () => `cannot be combined with ${others.join(' or ')}`,
    },
  });
