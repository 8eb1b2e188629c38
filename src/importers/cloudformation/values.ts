/** CloudFormation's functions, as far as a template alone can answer them. */

import { compact } from '../../core/model/compact.ts';
import { booleanOf, isRecord, textOf } from '../common/fields.ts';
import {
  isUnresolved,
  reference,
  targetOf,
  type Unresolved,
  unresolved,
  unresolvedIn,
} from '../common/unresolved.ts';

export interface TemplateOptions {
  /** By name: parameters, pseudo parameters (`AWS::StackName`), and resources, whose value is their id in the account. */
  readonly parameters: Readonly<Record<string, string>>;
}

/** A template, and what its functions give. */
export interface Evaluation {
  /** `Mappings`, `Resources`, …: empty where the template has none. */
  readonly section: (name: string) => Readonly<Record<string, unknown>>;
  /** A value with its functions answered. What can't be is `Unresolved`, what is another resource's is a `Reference`, at any depth. */
  readonly evaluate: (value: unknown) => unknown;
  /** What a value is within a text. */
  readonly text: (value: unknown) => string | Unresolved;
  /** Whether a condition holds; of an absent one, that it does. */
  readonly condition: (name: unknown) => boolean | Unresolved;
  readonly parameters: TemplateOptions['parameters'];
}

/** `stageName`: what `Ref` gives for a resource that is a stage, which is its name and no id. */
export function createEvaluation(
  template: Readonly<Record<string, unknown>>,
  { parameters }: TemplateOptions,
  stageName: (resource: string) => unknown = () => undefined,
): Evaluation {
  const asking = new Set<string>();
  const evaluation: Evaluation = {
    parameters,
    section: (name) => (isRecord(template[name]) ? template[name] : {}),
    evaluate: (value) => evaluate(value, evaluation),
    text: (value) => {
      const found = evaluate(value, evaluation);
      const target = targetOf(found);
      const stage =
        target && target.attribute === undefined ? stageName(target.resource) : undefined;
      return stage === undefined ? plainText(found) : evaluation.text(stage);
    },
    condition: (name) => {
      if (typeof name !== 'string') return name === undefined || holds(name, evaluation);
      const rules = evaluation.section('Conditions');
      if (!Object.hasOwn(rules, name) || asking.has(name))
        return unresolved(`the condition ${name} is not declared`);
      asking.add(name);
      const result = holds(rules[name], evaluation);
      asking.delete(name);
      return result;
    },
  };
  return evaluation;
}

function evaluate(value: unknown, evaluation: Evaluation): unknown {
  if (isUnresolved(value) || targetOf(value)) return value;
  if (typeof value === 'string') return withoutDynamic(value);
  if (Array.isArray(value))
    return value.map(evaluation.evaluate).filter((item) => item !== undefined);
  if (!isRecord(value)) return value;
  const [[name = '', argument] = [], ...others] = Object.entries(value);
  if (others.length === 0 && Object.hasOwn(ANSWERS, name))
    return ANSWERS[name]?.(argument, evaluation);
  if (others.length === 0 && name.startsWith('Fn::'))
    return unresolved(`${name} has no value in the template alone`);
  const members = Object.entries(value).map(
    ([key, member]) => [key, evaluation.evaluate(member)] as const,
  );
  return Object.fromEntries(members.filter(([, member]) => member !== undefined));
}

type Answer = (argument: unknown, evaluation: Evaluation) => unknown;

const ANSWERS: Readonly<Record<string, Answer>> = {
  Ref: (argument, evaluation) => ref(String(argument), evaluation),
  'Fn::GetAtt': (argument) => {
    const [resource = '', ...attribute] = Array.isArray(argument)
      ? argument.map(String)
      : String(argument).split('.');
    return reference({ resource, attribute: attribute.join('.') });
  },
  'Fn::Sub': sub,
  'Fn::Join': (argument, { evaluate, text }) => {
    const [glue, items] = argumentsOf(argument);
    const list = listValue(evaluate(items));
    if (isUnresolved(list)) return list;
    const texts = list.map(text);
    const missing = unresolvedIn(texts);
    return missing.length > 0 ? unresolved(...missing) : texts.join(String(glue ?? ''));
  },
  'Fn::Split': (argument, { text }) => {
    const [glue, whole] = argumentsOf(argument);
    const found = text(whole);
    return isUnresolved(found) ? found : found.split(String(glue));
  },
  'Fn::Select': (argument, { evaluate, text }) => {
    const [index, items] = argumentsOf(argument);
    const at = text(index);
    const list = listValue(evaluate(items));
    if (isUnresolved(list)) return list;
    if (isUnresolved(at)) return at;
    return Number(at) in list
      ? list[Number(at)]
      : unresolved(`Fn::Select takes entry ${at} of ${list.length}`);
  },
  'Fn::If': (argument, { evaluate, condition }) => {
    const [name, yes, no] = argumentsOf(argument);
    const holds = condition(name);
    return isUnresolved(holds) ? holds : evaluate(holds ? yes : no);
  },
  'Fn::FindInMap': (argument, { evaluate, section, text }) => {
    const names = argumentsOf(argument).slice(0, 3).map(text);
    const missing = unresolvedIn(names);
    if (missing.length > 0) return unresolved(...missing);
    let found: unknown = section('Mappings');
    for (const name of names)
      found =
        isRecord(found) && Object.hasOwn(found, String(name)) ? found[String(name)] : undefined;
    return found === undefined ? unresolved(`Mappings has no ${names.join('.')}`) : evaluate(found);
  },
  'Fn::ImportValue': (argument, { text }) => {
    const found = text(argument);
    const name = isUnresolved(found) ? '' : ` ${found}`;
    return unresolved(`the export${name} is another stack's: write its value in its place`);
  },
};

function ref(name: string, { parameters, section }: Evaluation): unknown {
  if (name === 'AWS::NoValue') return undefined;
  const declared = section('Parameters')[name];
  // Such a parameter is a secret: it must not end up in a name or a description.
  if (isRecord(declared) && booleanOf(declared.NoEcho))
    return unresolved(`the parameter ${name} is NoEcho, and is never read here`);
  const given = Object.hasOwn(parameters, name) ? parameters[name] : undefined;
  if (isRecord(declared)) return given ?? parameterDefault(name, declared);
  if (name.startsWith('AWS::'))
    return given ?? unresolved(`${name}: give --parameter ${name}=<value>`);
  const [resource = name, ...attribute] = name.split('.');
  if (attribute.length > 0) return reference({ resource, attribute: attribute.join('.') });
  return reference(compact({ resource, id: given }));
}

function parameterDefault(name: string, declared: Readonly<Record<string, unknown>>): unknown {
  const type = String(declared.Type);
  const wayOut = `give --parameter ${name}=<value>`;
  if (declared.Default === undefined)
    return unresolved(`the parameter ${name} has no default: ${wayOut}`);
  // The default of such a parameter says where the value is.
  if (type.startsWith('AWS::SSM::'))
    return unresolved(`the parameter ${name} is read from SSM: ${wayOut}`);
  if (!/^(CommaDelimitedList|List<)/.test(type)) return declared.Default;
  return String(declared.Default)
    .split(',')
    .map((part) => part.trim());
}

function sub(argument: unknown, { text }: Evaluation): unknown {
  const [pattern, own] = Array.isArray(argument) ? (argument as readonly unknown[]) : [argument];
  if (typeof pattern !== 'string') return unresolved('Fn::Sub has no text');
  const names = isRecord(own) ? own : {};
  const missing: string[] = [];
  const filled = pattern.replaceAll(/\$\{([^!}][^}]*)\}/g, (_, written: string) => {
    const name = written.trim();
    const found = text(Object.hasOwn(names, name) ? names[name] : { Ref: name });
    if (!isUnresolved(found)) return found;
    missing.push(...unresolvedIn(found));
    return '';
  });
  return missing.length > 0
    ? unresolved(...new Set(missing))
    : withoutDynamic(filled.replaceAll('${!', '${'));
}

/** A secret, or a parameter of SSM, that CloudFormation reads when it deploys. */
function withoutDynamic(text: string): string | Unresolved {
  if (!text.includes('{{resolve:')) return text;
  if (/\{\{resolve:(secretsmanager|ssm-secure):/.test(text))
    return unresolved(
      'a secret is never read here: write the value in its place if it may stand there',
    );
  return unresolved(
    'a dynamic reference is read when the stack is deployed: write the value in its place',
  );
}

function plainText(value: unknown): string | Unresolved {
  const missing = unresolvedIn(value);
  return missing.length > 0
    ? unresolved(...missing)
    : (textOf(value) ?? unresolved('a function gives no text'));
}

function holds(rule: unknown, evaluation: Evaluation): boolean | Unresolved {
  if (!isRecord(rule))
    return booleanOf(rule) ?? unresolved('a condition is neither true nor false');
  const [name = '', argument] = Object.entries(rule)[0] ?? [];
  const list = argumentsOf(argument);
  switch (name) {
    case 'Condition':
      return evaluation.condition(argument);
    case 'Fn::Not': {
      const inner = holds(list[0], evaluation);
      return isUnresolved(inner) ? inner : !inner;
    }
    case 'Fn::And':
    case 'Fn::Or': {
      const parts = list.map((part) => holds(part, evaluation));
      const decides = name === 'Fn::Or';
      // One that decides is enough, whatever the others are.
      const missing = parts.includes(decides) ? [] : unresolvedIn(parts);
      return missing.length > 0 ? unresolved(...missing) : parts.includes(decides) === decides;
    }
    case 'Fn::Equals': {
      const sides = list.map(evaluation.text);
      const missing = unresolvedIn(sides);
      return missing.length > 0 ? unresolved(...missing) : sides[0] === sides[1];
    }
    default: {
      const found = evaluation.text(rule);
      return isUnresolved(found)
        ? found
        : (booleanOf(found) ?? unresolved('a condition is neither true nor false'));
    }
  }
}

function argumentsOf(argument: unknown): readonly unknown[] {
  return Array.isArray(argument) ? argument : [];
}

function listValue(value: unknown): readonly unknown[] | Unresolved {
  if (isUnresolved(value)) return value;
  return Array.isArray(value) ? value : unresolved('a function gives no list');
}
