import { Paper, Stack, Title } from "@mantine/core";
import type { ReactNode } from "react";

/** Settings that belong together. */
export function Section({ title, children }: { title: string; children: ReactNode }) {
  return (
    <Paper withBorder p="md">
      <Stack gap="sm">
        <Title order={2} size="h3">
          {title}
        </Title>
        {children}
      </Stack>
    </Paper>
  );
}
