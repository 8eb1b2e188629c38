import { notEmulated, ServiceError, validation } from './errors.ts';
import { type EmulatorResponse, jsonAnswer } from './http.ts';
import type { Random } from './random.ts';
import type { AccountState, Secret } from './state.ts';

/** A call of the AWS JSON 1.1 protocol to Secrets Manager or to SSM's Parameter Store. `now` is in milliseconds. */
interface StoreCall {
  readonly state: AccountState;
  readonly now: number;
  readonly random: Random;
}

type StoreInput = Readonly<Record<string, unknown>>;
type Handler = (input: StoreInput, call: StoreCall) => unknown;

const refusal = (name: string, message: string) => new ServiceError(400, name, message);

const text = (input: StoreInput, name: string): string | undefined =>
  typeof input[name] === 'string' ? input[name] : undefined;

function required(input: StoreInput, name: string): string {
  const value = text(input, name);
  if (value) return value;
  throw validation([
    `Value null at '${name}' failed to satisfy constraint: Member must not be null`,
  ]);
}

const epochSeconds = (date: Date): number => date.getTime() / 1000;

/** By name or ARN. */
function findSecret({ secrets }: AccountState, id: string): [name: string, secret: Secret] {
  const found = secrets.entries().find(([name, { arn }]) => name === id || arn === id);
  if (!found)
    throw refusal('ResourceNotFoundException', "Secrets Manager can't find the specified secret.");
  return found;
}

function store(
  name: string,
  arn: string,
  input: StoreInput,
  { state, random, now }: StoreCall,
): Secret {
  const [content, binary] = [text(input, 'SecretString'), text(input, 'SecretBinary')];
  const secret: Secret = {
    arn,
    text: content,
    binary,
    version: random.id(32),
    createdDate: new Date(now),
  };
  state.secrets.set(name, secret);
  return secret;
}

const createSecret: Handler = (input, call) => {
  const { state, random } = call;
  const name = required(input, 'Name');
  if (state.secrets.has(name)) {
    throw refusal(
      'ResourceExistsException',
      `The operation failed because the secret ${name} already exists.`,
    );
  }
  // The characters at the end tell a secret from a later one of the same name.
  const arn = `arn:aws:secretsmanager:${state.region}:${state.account}:secret:${name}-${random.secret(6)}`;
  return { ARN: arn, Name: name, VersionId: store(name, arn, input, call).version };
};

const putSecretValue: Handler = (input, call) => {
  const [name, { arn }] = findSecret(call.state, required(input, 'SecretId'));
  return {
    ARN: arn,
    Name: name,
    VersionId: store(name, arn, input, call).version,
    VersionStages: ['AWSCURRENT'],
  };
};

const getSecretValue: Handler = (input, { state }) => {
  const [name, { arn, text: content, binary, version, createdDate }] = findSecret(
    state,
    required(input, 'SecretId'),
  );
  if (content === undefined && binary === undefined) {
    throw refusal(
      'ResourceNotFoundException',
      "Secrets Manager can't find the specified secret value for staging label: AWSCURRENT",
    );
  }
  return {
    ARN: arn,
    Name: name,
    SecretString: content,
    SecretBinary: binary,
    VersionId: version,
    VersionStages: ['AWSCURRENT'],
    CreatedDate: epochSeconds(createdDate),
  };
};

const putParameter: Handler = (input, { state, now }) => {
  const [name, value] = [required(input, 'Name'), required(input, 'Value')];
  if (name.includes('/') && !name.startsWith('/'))
    throw refusal('ValidationException', 'Parameter name must be a fully qualified name.');
  const existing = state.parameters.get(name);
  if (existing && input.Overwrite !== true) {
    const message =
      'The parameter already exists. To overwrite this value, set the overwrite option in the request to true.';
    throw refusal('ParameterAlreadyExists', message);
  }
  const type = text(input, 'Type') ?? existing?.type;
  if (type === undefined)
    throw refusal(
      'ValidationException',
      'A parameter type is required when you create a parameter.',
    );
  const version = (existing?.version ?? 0) + 1;
  state.parameters.set(name, { type, value, version, lastModifiedDate: new Date(now) });
  return { Version: version, Tier: 'Standard' };
};

/** A SecureString without WithDecryption is shown as ciphertext. */
const getParameter: Handler = (input, { state, random }) => {
  const name = required(input, 'Name');
  const parameter = state.parameters.get(name);
  if (!parameter) throw refusal('ParameterNotFound', '');
  const { type, value, version, lastModifiedDate } = parameter;
  const hidden = type === 'SecureString' && input.WithDecryption !== true;
  return {
    Parameter: {
      Name: name,
      Type: type,
      Value: hidden ? random.secret(value.length + 64) : value,
      Version: version,
      LastModifiedDate: epochSeconds(lastModifiedDate),
      ARN: `arn:aws:ssm:${state.region}:${state.account}:parameter/${name.replace(/^\//, '')}`,
      DataType: 'text',
    },
  };
};

const handlers: Readonly<Record<string, Handler>> = {
  'secretsmanager.CreateSecret': createSecret,
  'secretsmanager.PutSecretValue': putSecretValue,
  'secretsmanager.GetSecretValue': getSecretValue,
  'AmazonSSM.PutParameter': putParameter,
  'AmazonSSM.GetParameter': getParameter,
};

/** What is no JSON object is empty, and fails for what it lacks. */
export function readStoreInput(body: string): StoreInput {
  try {
    return Object(JSON.parse(body));
  } catch {
    return {};
  }
}

/** Carries out what the header `X-Amz-Target` asks for. Throws ServiceError. */
export function answerStore(target: string, input: StoreInput, call: StoreCall): EmulatorResponse {
  const handler = handlers[target];
  if (!handler) throw notEmulated(target);
  return answer(200, handler(input, call));
}

/** The name of the secret or the parameter that a call is about; never a value. */
export const storedName = (input: StoreInput): string | undefined =>
  text(input, 'SecretId') ?? text(input, 'Name');

/** These services throttle with 400 ThrottlingException, and the SDK reads the error's name from `__type`. */
export const storeError = ({ status, name, message }: ServiceError): EmulatorResponse =>
  name === 'TooManyRequestsException'
    ? answer(400, { __type: 'ThrottlingException', message: 'Rate exceeded' })
    : answer(status, { __type: name, message });

const answer = (status: number, body: unknown): EmulatorResponse =>
  jsonAnswer(status, JSON.stringify(body), { 'content-type': 'application/x-amz-json-1.1' });
