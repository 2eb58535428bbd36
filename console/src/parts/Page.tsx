import { Box, Group, Stack, Text, Title } from "@mantine/core";
import { useDocumentTitle } from "@mantine/hooks";
import type { ReactNode } from "react";

type Props = {
  title: string;
  /** beside the title, e.g. a badge */
  mark?: ReactNode;
  /** one sentence: what this page answers */
  about?: ReactNode;
  actions?: ReactNode;
  /** above the title, e.g. where one came from */
  above?: ReactNode;
  wide?: boolean;
  children: ReactNode;
};

/** The frame of every page: its one `h1`, what it is for, what can be done. */
export function Page({ title, mark, about, actions, above, wide, children }: Props) {
  useDocumentTitle(`${title} · Tailorbird`);
  return (
    <Box maw={wide ? undefined : "var(--content-width)"} mx="auto" w="100%">
      <Stack gap="lg">
        <div>
          {above}
          <Group justify="space-between" align="flex-start" gap="sm">
            <Box flex="1 1 18rem" miw={0}>
              <Group gap="sm" align="center">
                <Title order={1} style={{ overflowWrap: "anywhere" }}>
                  {title}
                </Title>
                {mark}
              </Group>
              {about && (
                <Text c="dimmed" size="sm" mt={4} maw="60rem">
                  {about}
                </Text>
              )}
            </Box>
            {actions && <Group gap="xs">{actions}</Group>}
          </Group>
        </div>
        {children}
      </Stack>
    </Box>
  );
}
