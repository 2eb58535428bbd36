import { Autocomplete, Button, Group, Popover, Stack, Text, TextInput } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconBraces } from "@tabler/icons-react";
import { useState } from "react";
import { useKnown } from "@/conditions/useKnown";
import { expression, offers } from "./liquid";

type Props = { insert: (text: string) => void };

/** Puts a value that differs from visitor to visitor into a text, with what stands there when it is missing. */
export function DynamicMenu({ insert }: Props) {
  const known = useKnown();
  const [opened, { toggle, close }] = useDisclosure();
  const [name, setName] = useState("");
  const [fallback, setFallback] = useState("");
  function done() {
    insert(expression(name, fallback));
    setName("");
    setFallback("");
    close();
  }
  return (
    <Popover
      opened={opened}
      onChange={(open) => !open && close()}
      position="bottom-end"
      width={300}
      trapFocus
      withinPortal
    >
      <Popover.Target>
        <Button
          size="compact-xs"
          variant="default"
          mt={4}
          leftSection={<IconBraces size={13} />}
          onClick={toggle}
          aria-expanded={opened}
        >
          Dynamic +
        </Button>
      </Popover.Target>
      <Popover.Dropdown>
        <Stack
          component="form"
          gap="xs"
          onSubmit={(event) => {
            event.preventDefault();
            event.stopPropagation();
            if (name.trim()) done();
          }}
        >
          <Autocomplete
            label="Value"
            description="An attribute, a field of the catalogue, or something they did"
            size="xs"
            data={offers(known)}
            value={name}
            onChange={setName}
            limit={40}
            data-autofocus
          />
          <TextInput
            label="When it is missing"
            description="Without it, the message is not shown to visitors who lack the value"
            size="xs"
            placeholder="e.g. friend"
            value={fallback}
            onChange={(event) => setFallback(event.currentTarget.value)}
          />
          {name && (
            <Text size="xs" ff="monospace">
              {expression(name, fallback)}
            </Text>
          )}
          <Group justify="flex-end">
            <Button size="compact-sm" type="submit" disabled={!name.trim()}>
              Insert
            </Button>
          </Group>
        </Stack>
      </Popover.Dropdown>
    </Popover>
  );
}
