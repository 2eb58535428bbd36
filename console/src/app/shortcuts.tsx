import { Group, Kbd, Modal, Stack, Text } from "@mantine/core";
import { useDisclosure, useHotkeys } from "@mantine/hooks";
import { useNavigate } from "@tanstack/react-router";
import { useEffect, useRef } from "react";
import { PLACES } from "./places";

const TYPING = "input, textarea, select, [contenteditable=true], [role=textbox], .cm-editor";

/** `g` and then a page's letter leads there, wherever one is not typing. */
export function useGoKeys(project: string): void {
  const navigate = useNavigate();
  const waiting = useRef(0);
  useEffect(() => {
    function pressed(event: KeyboardEvent) {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.target instanceof Element && event.target.closest(TYPING)) return;
      if (event.key === "g") {
        waiting.current = Date.now();
        return;
      }
      const place = PLACES.find((one) => one.key === event.key);
      if (place && Date.now() - waiting.current < 1_200) {
        event.preventDefault();
        navigate({ to: `/p/${project}/${place.path}` });
      }
      waiting.current = 0;
    }
    window.addEventListener("keydown", pressed);
    return () => window.removeEventListener("keydown", pressed);
  }, [project, navigate]);
}

/** `?` shows what the keys do. */
export function Shortcuts() {
  const [opened, { open, close }] = useDisclosure();
  useHotkeys([["shift+?", open]]);
  return (
    <Modal opened={opened} onClose={close} title="Keyboard">
      <Stack gap={6}>
        <Row keys={["Ctrl", "K"]} does="Find a page or a campaign" />
        <Row keys={["?"]} does="This list" />
        {PLACES.map((place) => (
          <Row key={place.path} keys={["g", place.key]} does={place.label} />
        ))}
      </Stack>
    </Modal>
  );
}

function Row({ keys, does }: { keys: string[]; does: string }) {
  return (
    <Group justify="space-between">
      <Text size="sm">{does}</Text>
      <Group gap={4}>
        {keys.map((key) => (
          <Kbd key={key}>{key}</Kbd>
        ))}
      </Group>
    </Group>
  );
}
