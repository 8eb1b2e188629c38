import { getAccount, updateAccount } from './account.ts';
import { createApiKey, deleteApiKey, getApiKey, getApiKeys, updateApiKey } from './api-keys.ts';
import {
  deleteClientCertificate,
  generateClientCertificate,
  getClientCertificate,
  getClientCertificates,
  updateClientCertificate,
} from './client-certificates.ts';
import type { Operation } from './context.ts';
import {
  createDeployment,
  deleteDeployment,
  getDeployment,
  getDeployments,
  updateDeployment,
} from './deployments.ts';
import { importApiKeys } from './import-keys.ts';
import {
  deleteIntegration,
  deleteIntegrationResponse,
  deleteMethodResponse,
  getIntegration,
  getIntegrationResponse,
  getMethodResponse,
  putIntegration,
  putIntegrationResponse,
  putMethodResponse,
} from './integrations.ts';
import { deleteMethod, getMethod, putMethod, updateMethod } from './methods.ts';
import {
  createResource,
  deleteResource,
  getResource,
  getResources,
  updateResource,
} from './resources.ts';
import {
  createRestApi,
  deleteRestApi,
  getRestApi,
  getRestApis,
  updateRestApi,
} from './rest-apis.ts';
import { createStage, deleteStage, getStage, getStages, updateStage } from './stages.ts';
import { getTags, tagResource, untagResource } from './tags.ts';
import { getUsage, updateUsage } from './usage.ts';
import {
  createUsagePlanKey,
  deleteUsagePlanKey,
  getUsagePlanKey,
  getUsagePlanKeys,
} from './usage-plan-keys.ts';
import {
  createUsagePlan,
  deleteUsagePlan,
  getUsagePlan,
  getUsagePlans,
  updateUsagePlan,
} from './usage-plans.ts';

const handlers = {
  createApiKey,
  createDeployment,
  createResource,
  createRestApi,
  createStage,
  createUsagePlan,
  createUsagePlanKey,
  deleteApiKey,
  deleteClientCertificate,
  deleteDeployment,
  deleteIntegration,
  deleteIntegrationResponse,
  deleteMethod,
  deleteMethodResponse,
  deleteResource,
  deleteRestApi,
  deleteStage,
  deleteUsagePlan,
  deleteUsagePlanKey,
  generateClientCertificate,
  getAccount,
  getApiKey,
  getApiKeys,
  getClientCertificate,
  getClientCertificates,
  getDeployment,
  getDeployments,
  getIntegration,
  getIntegrationResponse,
  getMethod,
  getMethodResponse,
  getResource,
  getResources,
  getRestApi,
  getRestApis,
  getStage,
  getStages,
  getTags,
  getUsage,
  getUsagePlan,
  getUsagePlanKey,
  getUsagePlanKeys,
  getUsagePlans,
  importApiKeys,
  putIntegration,
  putIntegrationResponse,
  putMethod,
  putMethodResponse,
  tagResource,
  untagResource,
  updateAccount,
  updateApiKey,
  updateClientCertificate,
  updateDeployment,
  updateMethod,
  updateResource,
  updateRestApi,
  updateStage,
  updateUsage,
  updateUsagePlan,
};

/** Input that the operation's own schema has read and checked; only the route knows its type. */
type Untyped = Operation<Record<string, unknown>>;

/** What the emulator implements, by the service's operation name. */
export const operations: ReadonlyMap<string, Untyped> = new Map(
  Object.entries(handlers).map(([name, handler]) => [
    `${name.charAt(0).toUpperCase()}${name.slice(1)}`,
    handler as Untyped,
  ]),
);

const LISTS =
  /^Get(ApiKeys|UsagePlans|UsagePlanKeys|RestApis|Resources|Deployments|Stages|ClientCertificates)$/;

/** Whether an operation lists objects; what the faults on lists apply to. */
export const isList = (operation: string): boolean => LISTS.test(operation);
