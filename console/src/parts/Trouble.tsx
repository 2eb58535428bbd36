import { Alert, Button, Group, List, Text } from "@mantine/core";
import { IconAlertTriangle, IconPlugConnectedX } from "@tabler/icons-react";
import { asProblem } from "@/api/problem";

type Props = { error: unknown; retry?: () => void; title?: string };

/** An error in words, with every field that is wrong, and a way to try again. */
export function Trouble({ error, retry, title }: Props) {
  const problem = asProblem(error);
  return (
    <Alert
      color={problem.away ? "rust" : "red"}
      variant="light"
      role="alert"
      icon={problem.away ? <IconPlugConnectedX /> : <IconAlertTriangle />}
      title={title ?? problem.title}
    >
      {problem.message !== problem.title && <Text size="sm">{problem.message}</Text>}
      {problem.fields.length > 0 && (
        <List size="sm" mt="xs" spacing={2}>
          {problem.fields.map((one) => (
            <List.Item key={`${one.field}:${one.expected}`}>
              <b>{one.field}</b>: expected {one.expected}, got {one.got}
            </List.Item>
          ))}
        </List>
      )}
      {retry && (
        <Group mt="sm">
          <Button size="xs" variant="default" onClick={retry}>
            Try again
          </Button>
        </Group>
      )}
    </Alert>
  );
}
