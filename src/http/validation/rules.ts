import {
  getMetadataStorage,
  type ValidationArguments,
  type ValidatorConstraintInterface,
} from 'class-validator';
import { type Reading, readingOf } from './reading.js';

type Dto = new () => object;
type DtoMembers = Readonly<Record<string, unknown>>;
type Condition = (dto: object, value: unknown) => boolean;
type Look = ValidationArguments;

/**
 * How one property is read, and what class-validator's decorators say of it; found once and kept, where validateSync
 * looks it up for each object.
 */
export interface PropertyRules {
  readonly property: string;
  readonly reading: Reading;
  /** Without all of these, none of the rules counts. */
  readonly conditions: Condition[];
  readonly constraints: ValidatorConstraintInterface[];
}

interface Rules {
  readonly all: ReadonlyMap<string, PropertyRules>;
  /** Of what may not simply be absent. */
  readonly always: readonly PropertyRules[];
}

const kept = new Map<Dto, Rules>();

export function rulesOf(Dto: Dto): Rules {
  let rules = kept.get(Dto);
  if (!rules) kept.set(Dto, (rules = findRules(Dto)));
  return rules;
}

function findRules(Dto: Dto): Rules {
  const storage = getMetadataStorage();
  const all = new Map<string, PropertyRules>();
  for (const metadata of storage.getTargetValidationMetadatas(Dto, '', false, false)) {
    const { propertyName: property, type } = metadata;
    const rules = all.get(property) ?? {
      property,
      reading: readingOf(Dto, property),
      conditions: [],
      constraints: [],
    };
    all.set(property, rules);
    if (type === 'conditionalValidation') rules.conditions.push(...metadata.constraints.filter(isCondition));
    else if (type === 'customValidation')
      for (const { instance } of storage.getTargetValidatorConstraints(metadata.constraintCls))
        rules.constraints.push(instance);
    else throw new Error(`${Dto.name}.${property} has a rule of a kind that is not read: ${type}.`);
  }
  const always = [...all.values()].filter(({ reading }) => !reading.mayBeAbsent);
  return { all, always };
}

const isCondition = (value: unknown): value is Condition => typeof value === 'function';

/** Whether a DTO breaks no rule, of which these properties were given. */
export function isValid(Dto: Dto, dto: DtoMembers, given: readonly PropertyRules[] = []): boolean {
  const look = { value: undefined, constraints: [], targetName: '', object: dto, property: '' };
  for (const rules of given) if (!meets(rules, dto, look)) return false;
  for (const rules of rulesOf(Dto).always) if (!meets(rules, dto, look)) return false;
  return true;
}

function meets({ property, conditions, constraints }: PropertyRules, dto: DtoMembers, look: Look): boolean {
  const value = dto[property];
  for (const condition of conditions) if (!condition(dto, value)) return true;
  for (const constraint of constraints) if (constraint.validate(value, look) === false) return false;
  return true;
}

/** The rules that a DTO breaks, in the order of its properties. */
export function* brokenRules(Dto: Dto, dto: DtoMembers): Generator<{ property: string; rule: string }> {
  for (const { property, conditions, constraints } of rulesOf(Dto).all.values()) {
    const value = dto[property];
    if (!conditions.every((condition) => condition(dto, value))) continue;
    const look = { value, constraints: [], targetName: Dto.name, object: dto, property };
    for (const constraint of constraints)
      if (constraint.validate(value, look) === false)
        yield { property, rule: constraint.defaultMessage?.(look) ?? 'is not valid' };
  }
}
