import type {
  ApiKey as ApiKeyShape,
  ClientCertificate as ClientCertificateShape,
  Deployment as DeploymentShape,
  MethodSetting,
  Method as MethodShape,
  Resource as ResourceShape,
  RestApi as RestApiShape,
  Stage as StageShape,
  UsagePlan as UsagePlanShape,
} from '@aws-sdk/client-api-gateway';

type Stored<T, K extends keyof T> = T & { [P in K]-?: Exclude<T[P], undefined> };

export type ApiKey = Stored<
  ApiKeyShape,
  'id' | 'value' | 'enabled' | 'stageKeys' | 'createdDate' | 'lastUpdatedDate'
>;
export type UsagePlan = Stored<Omit<UsagePlanShape, 'apiStages'>, 'id' | 'name'> & {
  apiStages: PlanStage[];
};
export type RestApi = Stored<
  RestApiShape,
  'id' | 'name' | 'apiKeySource' | 'disableExecuteApiEndpoint' | 'rootResourceId'
>;
export type ClientCertificate = Stored<ClientCertificateShape, 'clientCertificateId'>;
export type Method = Stored<MethodShape, 'httpMethod' | 'authorizationType' | 'apiKeyRequired'>;

export interface PlanStage {
  apiId: string;
  stage: string;
  /** By `/path/METHOD`. */
  throttle?: Record<string, { rateLimit?: number | undefined; burstLimit?: number | undefined }>;
}

/** A node of the path tree. Its full path follows from its parents. */
export type Resource = Stored<ResourceShape, 'id'> & { methods: Map<string, Method> };

/** `snapshot`: the API as it was when the deployment was made, which is what its stages serve; methods by path, then HTTP method. */
export type Deployment = Stored<DeploymentShape, 'id' | 'createdDate'> & {
  snapshot: {
    apiKeySource: RestApi['apiKeySource'];
    disableExecuteApiEndpoint: boolean;
    methods: Record<string, Record<string, Method>>;
  };
};

/** `cacheReadyAt`: when (ms) the creation or deletion of the cache cluster that is under way ends. */
export type Stage = Stored<StageShape, 'stageName' | 'deploymentId'> & {
  methodSettings: Record<string, MethodSetting>;
  cacheReadyAt?: number;
};

export interface RestApiTree {
  api: RestApi;
  resources: Map<string, Resource>;
  deployments: Map<string, Deployment>;
  stages: Map<string, Stage>;
}

/** What one key used of one plan. `days` counts calls by UTC date, `extra` what UpdateUsage granted, by the first day of the period. */
export interface KeyUsage {
  days: Map<string, number>;
  extra: Map<string, number>;
}

/** What Secrets Manager holds under a name: the current version, which has neither text nor bytes (in base64) until it is given some. */
export interface Secret {
  arn: string;
  text?: string | undefined;
  binary?: string | undefined;
  version: string;
  createdDate: Date;
}

/** What SSM's Parameter Store holds under a name. */
export interface Parameter {
  type: string;
  value: string;
  version: number;
  lastModifiedDate: Date;
}

/** Resource quotas of an account and region (docs/api-gateway-facts.md#f22). */
const defaultLimits = {
  apiKeys: 10_000,
  usagePlans: 300,
  usagePlansPerKey: 10,
  methodThrottlesPerStage: 20,
  edgeApis: 120,
  regionalApis: 600,
  privateApis: 600,
  resourcesPerApi: 300,
  stagesPerApi: 10,
  stageVariables: 100,
  clientCertificates: 60,
};

export type Limits = typeof defaultLimits;

/** Everything that one account has in one region. Maps keep the order of creation. */
export interface AccountState {
  readonly account: string;
  readonly region: string;
  limits: Limits;
  cloudwatchRoleArn?: string | undefined;
  apiKeys: Map<string, ApiKey>;
  usagePlans: Map<string, UsagePlan>;
  /** Key ids by plan id. */
  planKeys: Map<string, Set<string>>;
  /** By plan id, then key id. */
  usage: Map<string, Map<string, KeyUsage>>;
  restApis: Map<string, RestApiTree>;
  clientCertificates: Map<string, ClientCertificate>;
  /** By name. */
  secrets: Map<string, Secret>;
  /** By name. */
  parameters: Map<string, Parameter>;
}

export const newState = (account: string, region: string): AccountState => ({
  account,
  region,
  limits: { ...defaultLimits },
  apiKeys: new Map(),
  usagePlans: new Map(),
  planKeys: new Map(),
  usage: new Map(),
  restApis: new Map(),
  clientCertificates: new Map(),
  secrets: new Map(),
  parameters: new Map(),
});
