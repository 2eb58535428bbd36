/** The page that was asked for before somebody had to sign in; only ever a place of this console. */
export const local = (to: unknown): string => (typeof to === "string" && /^\/(p|account)(\/|$|\?)/.test(to) ? to : "/");
