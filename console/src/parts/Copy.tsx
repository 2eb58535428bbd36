import { ActionIcon, Box, Code, CopyButton, Group, Tooltip } from "@mantine/core";
import { IconCheck, IconCopy } from "@tabler/icons-react";

/** A button that copies a text and says so. */
export function Copy({ value, label = "Copy" }: { value: string; label?: string }) {
  return (
    <CopyButton value={value} timeout={1500}>
      {({ copied, copy }) => (
        <Tooltip label={copied ? "Copied" : label}>
          <ActionIcon variant="subtle" color={copied ? "leaf" : "gray"} onClick={copy} aria-label={label}>
            {copied ? <IconCheck size={16} /> : <IconCopy size={16} />}
          </ActionIcon>
        </Tooltip>
      )}
    </CopyButton>
  );
}

/** Text to be copied into somebody's code. */
export function Snippet({ text, label = "Copy" }: { text: string; label?: string }) {
  return (
    <Box pos="relative">
      <Code block tabIndex={0} style={{ maxHeight: "26rem", overflow: "auto", paddingRight: "2.6rem" }}>
        {text}
      </Code>
      <Group pos="absolute" top={6} right={6} bg="var(--mantine-color-body)" style={{ borderRadius: 4 }}>
        <Copy value={text} label={label} />
      </Group>
    </Box>
  );
}
