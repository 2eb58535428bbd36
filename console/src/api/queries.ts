import { notifications } from "@mantine/notifications";
import { MutationCache, QueryClient, queryOptions } from "@tanstack/react-query";
import { api, data, rememberCsrf } from "./client";
import { asProblem } from "./problem";

/** Asked again when the server was away; a caller's mistake is never repeated. */
const patient = (failures: number, error: Error) => asProblem(error).away && failures < 3;

export const queries = new QueryClient({
  defaultOptions: {
    queries: { retry: patient, staleTime: 10_000, refetchOnWindowFocus: true },
    mutations: { retry: false },
  },
  mutationCache: new MutationCache({
    // A form that shows its own errors says so; every other failed change is told in a corner.
    onError(error, _variables, _context, mutation) {
      if (mutation.meta?.quiet) return;
      const problem = asProblem(error);
      notifications.show({ color: "red", title: problem.title, message: problem.message });
    },
  }),
});

/** Who is signed in, with their projects and roles; refuses with 401 when nobody is. */
export const me = queryOptions({
  queryKey: ["me"],
  staleTime: 60_000,
  queryFn: async () => {
    const found = await data(api.GET("/v1/me"));
    rememberCsrf(found.csrf);
    return found;
  },
});

const at = (project: string, ...rest: unknown[]) => ["project", project, ...rest] as const;

export const campaigns = (project: string) =>
  queryOptions({
    queryKey: at(project, "campaigns"),
    queryFn: () => data(api.GET("/v1/projects/{project}/campaigns", { params: { path: { project } } })),
  });

/** What campaigns can be chosen by: groups, owners, exclusion sets, and how many there are of each status. */
export const campaignFacets = (project: string) =>
  queryOptions({
    queryKey: at(project, "campaigns", { facets: true }),
    queryFn: () => data(api.GET("/v1/projects/{project}/campaigns:facets", { params: { path: { project } } })),
  });

export const campaign = (project: string, ref: string) =>
  queryOptions({
    queryKey: at(project, "campaigns", ref),
    queryFn: () => data(api.GET("/v1/projects/{project}/campaigns/{ref}", { params: { path: { project, ref } } })),
  });

export const audiences = (project: string) =>
  queryOptions({
    queryKey: at(project, "audiences"),
    queryFn: () => data(api.GET("/v1/projects/{project}/audiences", { params: { path: { project } } })),
  });

export const templates = (project: string) =>
  queryOptions({
    queryKey: at(project, "templates"),
    queryFn: () => data(api.GET("/v1/projects/{project}/templates", { params: { path: { project } } })),
  });

export const goals = (project: string) =>
  queryOptions({
    queryKey: at(project, "goals"),
    queryFn: () => data(api.GET("/v1/projects/{project}/goals", { params: { path: { project } } })),
  });

export const projectSettings = (project: string) =>
  queryOptions({
    queryKey: at(project, "settings"),
    queryFn: () => data(api.GET("/v1/projects/{project}/settings", { params: { path: { project } } })),
  });

export const schema = (project: string) =>
  queryOptions({
    queryKey: at(project, "schema"),
    staleTime: 60_000,
    queryFn: () => data(api.GET("/v1/projects/{project}/schema", { params: { path: { project } } })),
  });
