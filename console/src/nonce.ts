/** The number that the server's policy names: styles that libraries put into the page carry it. */
export const nonce = document.querySelector<HTMLMetaElement>("meta[name=csp-nonce]")?.content ?? "";

// Libraries that lock scrolling ask for it under this name.
(globalThis as { __webpack_nonce__?: string }).__webpack_nonce__ = nonce;
