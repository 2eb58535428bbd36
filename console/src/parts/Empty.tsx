import { Center, Stack, Text, ThemeIcon, Title } from "@mantine/core";
import type { ReactNode } from "react";

type Props = {
  icon: ReactNode;
  title: string;
  /** what belongs here and why one would want it */
  children: ReactNode;
  /** the one thing to do next */
  action?: ReactNode;
};

/** A place that holds nothing yet, and teaches what goes there. */
export function Empty({ icon, title, children, action }: Props) {
  return (
    <Center py={48} px="md">
      <Stack align="center" gap="xs" maw={460} ta="center">
        <ThemeIcon size={52} radius="xl" variant="light" aria-hidden>
          {icon}
        </ThemeIcon>
        <Title order={2} size="h3">
          {title}
        </Title>
        <Text c="dimmed" size="sm" component="div">
          {children}
        </Text>
        {action && <div style={{ marginTop: 8 }}>{action}</div>}
      </Stack>
    </Center>
  );
}
