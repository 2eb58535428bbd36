import { api, data, type Schemas } from "@/api/client";

export type Key = Schemas["KeyView"];

/** The keys of a project: for its admins. */
export const keysOf = (project: string) => ({
  queryKey: ["project", project, "keys"],
  queryFn: () => data(api.GET("/v1/projects/{project}/keys", { params: { path: { project } } })),
});

/** Whether it opens anything. */
export const isLive = (key: Key, now = Date.now()): boolean =>
  !key.revoked_at && !(key.expires_at && key.expires_at <= now);
