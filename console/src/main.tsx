import "@mantine/core/styles.css";
import "./styles.css";
import { MantineProvider } from "@mantine/core";
import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { lazy, StrictMode, Suspense } from "react";
import { createRoot } from "react-dom/client";
import { queries } from "./api/queries";
import { router } from "./app/router";
import { nonce } from "./nonce";
import { theme, variables } from "./theme";

const Told = lazy(() => import("./app/told"));

createRoot(document.getElementById("root")!).render(
  <StrictMode>
    <MantineProvider
      theme={theme}
      cssVariablesResolver={variables}
      defaultColorScheme="auto"
      getStyleNonce={() => nonce}
    >
      <QueryClientProvider client={queries}>
        <RouterProvider router={router} />
        <Suspense>
          <Told />
        </Suspense>
      </QueryClientProvider>
    </MantineProvider>
  </StrictMode>,
);
