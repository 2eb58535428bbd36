import { Button, Center, Stack, Text, Title } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { Trouble } from "@/parts/Trouble";

/** There is no such page. */
export function Lost() {
  return (
    <Center mih="60vh">
      <Stack align="center" gap="xs">
        <Title order={1}>There is nothing here</Title>
        <Text c="dimmed">The address may be mistyped, or what it led to was deleted.</Text>
        <Button component={Link} to="/" mt="sm">
          Go home
        </Button>
      </Stack>
    </Center>
  );
}

/** A page that could not be shown. The rest of the console goes on. */
export function Crashed({ error, reset }: { error: unknown; reset?: () => void }) {
  return (
    <Center mih="40vh" p="md">
      <Stack maw={560} w="100%">
        <Trouble error={error} retry={() => (reset ? reset() : window.location.reload())} />
      </Stack>
    </Center>
  );
}
