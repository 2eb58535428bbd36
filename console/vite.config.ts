import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

/** `npm run dev` talks to a server that runs already; `TAILORBIRD_URL` says where. */
const server = process.env.TAILORBIRD_URL ?? "http://127.0.0.1:8000";

export default defineConfig({
  plugins: [react()],
  resolve: { alias: { "@": fileURLToPath(new URL("./src", import.meta.url)) } },
  build: {
    outDir: "../src/tailorbird/web/console",
    emptyOutDir: true,
    // Browsers with everything that the code uses; older ones get no second build.
    target: "es2022",
    // Files are served as they are and named by their content.
    assetsDir: "assets",
    assetsInlineLimit: 0,
    sourcemap: false,
    chunkSizeWarningLimit: 700,
  },
  server: { proxy: { "/v1": server, "/api": server, "/sdk": server, "/openapi.json": server } },
  test: { include: ["tests/**/*.test.ts", "tests/**/*.test.tsx"], environment: "node" },
});
