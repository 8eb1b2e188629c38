import type {
  CreateResourceRequest,
  DeleteResourceRequest,
  GetResourceRequest,
  GetResourcesRequest,
  Method as MethodShape,
  Resource as ResourceShape,
  Resources,
  UpdateResourceRequest,
} from '@aws-sdk/client-api-gateway';
import type { Operation } from './context.ts';
import { badRequest, conflict, limitExceeded, notFound } from './errors.ts';
import { page } from './pages.ts';
import { type Grammar, patched, replace } from './patch.ts';
import { findRestApi } from './rest-apis.ts';
import type { Resource, RestApiTree } from './state.ts';

const PATH_PART = /^(?:[a-zA-Z0-9._~:$,!*'()+;=@%-]+|\{[a-zA-Z0-9._$:-]+\+?\})$/;

/** Throws NotFoundException. */
export function findResource({ resources }: RestApiTree, id: string): Resource {
  const resource = resources.get(id);
  if (!resource) throw notFound('Invalid Resource identifier specified');
  return resource;
}

/** `/` for the root, else the path parts from the root down. */
export function pathOf(tree: RestApiTree, { parentId, pathPart }: Resource): string {
  if (parentId === undefined) return '/';
  const above = pathOf(tree, findResource(tree, parentId));
  return above === '/' ? `/${pathPart}` : `${above}/${pathPart}`;
}

function shown(tree: RestApiTree, resource: Resource, embed?: readonly string[]): ResourceShape {
  const { id, parentId, pathPart, methods } = resource;
  const full = embed?.includes('methods') ?? false;
  const entries = [...methods].map(([name, method]): [string, MethodShape] => [
    name,
    full ? method : {},
  ]);
  return {
    id,
    parentId,
    pathPart,
    path: pathOf(tree, resource),
    resourceMethods: entries.length > 0 ? Object.fromEntries(entries) : undefined,
  };
}

function checkPart(tree: RestApiTree, parentId: string, pathPart: string, self?: string): void {
  if (!PATH_PART.test(pathPart)) {
    throw badRequest(
      "Resource's path part only allow a-zA-Z0-9._-: or a valid greedy path variable and curly braces at the beginning and the end.",
    );
  }
  const taken = tree.resources
    .values()
    .some(
      (other) => other.id !== self && other.parentId === parentId && other.pathPart === pathPart,
    );
  if (taken)
    throw conflict(`Another resource with the same parent already has this name: ${pathPart}`);
}

export const createResource: Operation<CreateResourceRequest, ResourceShape> = (
  { restApiId, parentId, pathPart },
  { state, random },
) => {
  const tree = findRestApi(state, restApiId);
  findResource(tree, parentId);
  checkPart(tree, parentId, pathPart);
  if (tree.resources.size >= state.limits.resourcesPerApi)
    throw limitExceeded('Resources for this API');
  const resource: Resource = { id: random.id(6), parentId, pathPart, methods: new Map() };
  tree.resources.set(resource.id, resource);
  return shown(tree, resource);
};

export const getResource: Operation<GetResourceRequest, ResourceShape> = (
  { restApiId, resourceId, embed },
  { state },
) => {
  const tree = findRestApi(state, restApiId);
  return shown(tree, findResource(tree, resourceId), embed);
};

export const getResources: Operation<GetResourcesRequest, Resources> = (
  { restApiId, embed, ...paging },
  { state },
) => {
  const tree = findRestApi(state, restApiId);
  const { items, position } = page(tree.resources.values(), (resource) => resource.id, paging);
  return { items: items.map((resource) => shown(tree, resource, embed)), position };
};

const isBelow = (tree: RestApiTree, { id, parentId }: Resource, ancestor: string): boolean =>
  id === ancestor ||
  (parentId !== undefined && isBelow(tree, findResource(tree, parentId), ancestor));

const grammar = (tree: RestApiTree): Grammar<Resource> => ({
  rules: [
    replace('/pathPart', (resource, { value = '' }) => {
      checkPart(tree, resource.parentId ?? '', value, resource.id);
      resource.pathPart = value;
    }),
    replace('/parentId', (resource, { value = '' }) => {
      if (isBelow(tree, findResource(tree, value), resource.id))
        throw badRequest('A resource cannot be moved below itself');
      checkPart(tree, value, resource.pathPart ?? '', resource.id);
      resource.parentId = value;
    }),
  ],
});

export const updateResource: Operation<UpdateResourceRequest, ResourceShape> = (
  { restApiId, resourceId, patchOperations },
  { state },
) => {
  const tree = findRestApi(state, restApiId);
  const current = findResource(tree, resourceId);
  if (current.parentId === undefined) throw badRequest('Root resource cannot be updated');
  const resource = patched(current, patchOperations, grammar(tree), 'updateResourceInput');
  tree.resources.set(resourceId, resource);
  return shown(tree, resource);
};

/** Takes the resources below along. */
export const deleteResource: Operation<DeleteResourceRequest> = (
  { restApiId, resourceId },
  { state },
) => {
  const tree = findRestApi(state, restApiId);
  if (findResource(tree, resourceId).parentId === undefined)
    throw badRequest('Root resource cannot be deleted');
  const doomed = [...tree.resources.values()].filter((resource) =>
    isBelow(tree, resource, resourceId),
  );
  for (const { id } of doomed) tree.resources.delete(id);
};
