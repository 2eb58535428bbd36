import { Center, Paper, Stack, Text, Title } from "@mantine/core";
import { useDocumentTitle } from "@mantine/hooks";
import type { ReactNode } from "react";

type Props = { title: string; about?: ReactNode; children: ReactNode };

/** What surrounds the pages before somebody is signed in. */
export function Frame({ title, about, children }: Props) {
  useDocumentTitle(`${title} · Tailorbird`);
  return (
    <Center component="main" mih="100vh" p="md">
      <Stack w="100%" maw={420} gap="md">
        <Stack gap={6} align="center">
          <img src="/favicon.svg" width={52} height={52} alt="" />
          <Title order={1}>{title}</Title>
          {about && (
            <Text c="dimmed" size="sm" ta="center">
              {about}
            </Text>
          )}
        </Stack>
        <Paper withBorder p="lg" radius="lg">
          {children}
        </Paper>
      </Stack>
    </Center>
  );
}

/** The secret of a link, which stands behind `#` and so reaches no log. */
export function secretOf(name: string): string {
  return new URLSearchParams(window.location.hash.slice(1)).get(name) ?? "";
}
