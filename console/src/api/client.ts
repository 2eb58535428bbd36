import createClient, { type Middleware } from "openapi-fetch";
import type { Readable } from "openapi-typescript-helpers";
import { ApiProblem } from "./problem";
import type { components, paths } from "./schema";

/** The forms of the API, as answers have them. */
export type Schemas = { [Name in keyof components["schemas"]]: Readable<components["schemas"][Name]> };

/** Token that proves to the server that a change comes from this page; told by `/v1/me`. */
let csrf = "";

export function rememberCsrf(token: string): void {
  csrf = token;
}

/** Told when the session ended while the console was open. */
let onSignedOut: () => void = () => {};

export function whenSignedOut(act: () => void): void {
  onSignedOut = act;
}

const SAFE = new Set(["GET", "HEAD", "OPTIONS"]);

const session: Middleware = {
  onRequest({ request }) {
    if (csrf && !SAFE.has(request.method)) request.headers.set("x-csrf-token", csrf);
    return request;
  },
  async onResponse({ request, response }) {
    if (response.ok || response.status === 304) return response;
    const told: Record<string, unknown> = await response
      .clone()
      .json()
      .catch(() => ({}));
    if (response.status === 401 && !new URL(request.url).pathname.startsWith("/v1/session")) onSignedOut();
    const title = String(told.title ?? `The server answered ${response.status}`);
    throw new ApiProblem(response.status, title, String(told.detail ?? ""), told);
  },
  onError() {
    throw new ApiProblem(0, "The server does not answer", "It may be restarting. What you typed is kept.");
  },
};

/** Every call of the management API, typed from docs/openapi.json. Errors are thrown as `ApiProblem`. */
export const api = createClient<paths>({ baseUrl: window.location.origin, credentials: "same-origin" });
api.use(session);

/** The body of an answer that is there: errors were thrown before. */
export async function data<T>(call: Promise<{ data?: T }>): Promise<T> {
  return (await call).data as T;
}
