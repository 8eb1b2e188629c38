/** Every finding there is. A code is an interface: people filter and count by it. */
import { WARNINGS } from '../../core/model/warning.ts';

/** `error`: something about keys, plans, stages or key requirements is not in the manifests. `warning`: it is, and needs a person's eye. `info`: good to know. */
export type Severity = 'error' | 'warning' | 'info';

interface Code {
  readonly severity: Severity;
  /** For the reference, in one sentence. */
  readonly meaning: string;
}

// biome-ignore format: one code, one line.
const SHARED = {
  UNREADABLE: { severity: 'error', meaning: 'The file, or a part of it, could not be read.' },
  UNSUPPORTED_SOURCE: { severity: 'error', meaning: 'The file is of a form that cannot be imported; the message says which form can.' },
  UNRESOLVED: { severity: 'error', meaning: 'An expression has no value here. What depends on it was left out, never guessed.' },
  NOT_ALLOWED: { severity: 'error', meaning: 'The source says something that no manifest may say, and API Gateway would refuse. It was left out.' },
  NOTHING_FOUND: { severity: 'warning', meaning: 'The file declares no key, no plan, no stage setting, and no method that demands a key.' },
  VALUE_IN_SOURCE: { severity: 'warning', meaning: 'A key value is, or may be, written in the source: whoever reads the repository can use it. Rotate the key.' },
  VALUE_FROM_SECRET: { severity: 'warning', meaning: 'The key value comes from outside of the file: a secret store, a parameter, another stack. An adopted key keeps its value.' },
  KEY_REQUIRED: { severity: 'error', meaning: 'Methods demand a key, and no KeyRequirement says it: the API could not be told, or has a name that another region or account has too.' },
  KEY_WITHOUT_NAME: { severity: 'error', meaning: 'A key has no name in the source, so it cannot be found by name. Adopt it by its id.' },
  PLAN_WITHOUT_NAME: { severity: 'error', meaning: 'A plan has no name in the source, so it cannot be found by name. Adopt it by its id.' },
  AMBIGUOUS_NAME: { severity: 'warning', meaning: 'Several objects in the file have one name, so none can be adopted by it.' },
  NUMERIC_NAME: { severity: 'warning', meaning: 'A name is written as a number; leading zeros are lost.' },
  LIMIT_HALF: { severity: 'error', meaning: 'A rate without a burst, or a quota without a period. It was left out.' },
  REDEPLOY_VARIABLE: { severity: 'warning', meaning: 'A stage variable seems to exist only to force a deployment. It was left out.' },
  STAGE_OF_DEPLOYMENT: { severity: 'info', meaning: "The stage is born with the API's deployment, and stays with its pipeline." },
  NOT_DECLARED: { severity: 'warning', meaning: 'A name that was given on the command line is not in the file, so the value was used for nothing.' },
  NOT_TRANSLATED: { severity: 'warning', meaning: 'The source says something about a key, a plan, a stage or a method that manifests have no word for.' },
} as const satisfies Readonly<Record<string, Code>>;

// biome-ignore format: one code, one line.
const SERVERLESS = {
  VERSION_UNKNOWN: { severity: 'error', meaning: "What the file deploys depends on the framework's version, which is not known. Give --framework-version." },
  LEGACY_PLACE_IGNORED: { severity: 'error', meaning: 'Keys and plans are directly below provider, which version 3.0 and later ignore, and so delete what was there.' },
  NEW_PLACE_IGNORED: { severity: 'error', meaning: 'Keys and plans are below provider.apiGateway, which versions before 2.18 ignore.' },
  THROTTLE_DROPPED: { severity: 'warning', meaning: 'Some versions deploy no throttle where the plan has no quota: the live plan may lack it.' },
  LITERAL_DOLLAR: { severity: 'warning', meaning: 'A name contains `$(`, which is no variable: the live name contains it too.' },
  TIER_WITHOUT_PLAN: { severity: 'error', meaning: 'Keys of a tier that has no usage plan: the framework refuses to deploy them, or drops their limits.' },
  TIER_TWICE: { severity: 'warning', meaning: 'Two lists of keys have one tier: the later one takes the place of the earlier.' },
  TIER_LOST: { severity: 'error', meaning: 'A list item has a second field beside its tier, such as a mis-indented throttle: the framework ignores it.' },
  TIER_NAME: { severity: 'error', meaning: 'A tier is called something that is no part of a logical id: CloudFormation refuses it.' },
  PLAIN_KEY_BESIDE_TIERS: { severity: 'error', meaning: 'A key without a tier where the plans are tiers: it is bound to a plan that does not exist.' },
  WRONG_SHAPE: { severity: 'error', meaning: 'Something is a list where the framework reads a mapping, or the other way round: it is ignored.' },
  KEYS_WITHOUT_HTTP: { severity: 'warning', meaning: 'No function has an http event, so the framework makes neither API, key nor plan.' },
  STAGE_OVERRIDDEN: { severity: 'warning', meaning: 'provider.apiGateway.stage renames the deployed stage, but not the one that keys and plans name.' },
  NOT_READ: { severity: 'warning', meaning: 'A property that the framework does not read: it has no effect.' },
  PLUGIN_KEYS: { severity: 'warning', meaning: 'A plugin makes keys, by name, at each deployment; they are in no stack.' },
  OVERRIDDEN: { severity: 'warning', meaning: "The file's own resources change something that the framework makes." },
} as const satisfies Readonly<Record<string, Code>>;

// biome-ignore format: one code, one line.
const CLOUDFORMATION = {
  AMBIGUOUS_API: { severity: 'error', meaning: 'Several APIs of the template have one name. What refers to them was left out: give their ids.' },
  NESTED_STACK: { severity: 'warning', meaning: 'A resource is a stack of its own, with a template of its own.' },
} as const satisfies Readonly<Record<string, Code>>;

// biome-ignore format: one code, one line.
const LIVE = {
  LIVE_DIFFERS: { severity: 'warning', meaning: 'With --live: the file says something else than what is live. The manifest says what is live.' },
  NOT_LIVE: { severity: 'error', meaning: 'With --live: nothing in the account is what the file declares. It was left out.' },
  LIVE_AMBIGUOUS: { severity: 'error', meaning: 'With --live: several objects of the account may be what the file declares, or nothing confirms the one that may. It waits for its id.' },
  LIVE_OWNED: { severity: 'info', meaning: 'With --live: what the file declares is managed by apikeeper already. It was left out.' },
} as const satisfies Readonly<Record<string, Code>>;

// biome-ignore format: one code, one line.
const TERRAFORM = {
  VALUE_IN_STATE: { severity: 'warning', meaning: "Terraform's state holds key values: whoever reads it can use them. Rotate the keys where too many can." },
  CHANGE_PENDING: { severity: 'warning', meaning: 'The file is a plan, and would change what is imported.' },
  TAINTED: { severity: 'error', meaning: 'Terraform would replace the object with its next apply: a key would get another value.' },
  VARIABLE_DEFAULT: { severity: 'info', meaning: 'A variable has its default in what was imported. Terraform may have been given another value.' },
  MODULE_NOT_READ: { severity: 'error', meaning: 'A module is not in the directory, so what it declares is not seen.' },
  COMMENTED_OUT: { severity: 'info', meaning: 'A resource stands in a comment. It may be live still.' },
  OLD_TERRAFORM: { severity: 'warning', meaning: 'The file was written for Terraform 0.11 or before.' },
  STILL_REFERENCED: { severity: 'warning', meaning: 'Something else in Terraform refers to what is handed over, and must not any more.' },
  SEVERAL_PROVIDERS: { severity: 'warning', meaning: 'Objects are in several regions or accounts: each needs a Target, and a namespace, of its own.' },
  METHOD_PATH: { severity: 'warning', meaning: 'Settings of a method whose path is written in a way that had no effect in some versions of the provider.' },
} as const satisfies Readonly<Record<string, Code>>;

/** A state that is bad whatever it was read from has the code that it has in `validate` and in reports; half a limit, which no manifest may say, is lost here. */
export const CODES = {
  ...WARNINGS,
  ...SHARED,
  ...SERVERLESS,
  ...CLOUDFORMATION,
  ...TERRAFORM,
  ...LIVE,
} as const;

export type FindingCode = keyof typeof CODES;
