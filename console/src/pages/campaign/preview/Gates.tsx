import { Badge, Group, List, Stack, Text } from "@mantine/core";
import type { Schemas } from "@/api/client";

type Explanation = Schemas["Explanation"];

const COLORS: Record<string, string> = {
  TARGETING_MATCH: "leaf",
  SPLIT: "leaf",
  CONTROL: "rust",
  ERROR: "red",
  WITHHELD: "rust",
  DEGRADED: "rust",
};

/** What was decided and why, gate by gate. */
export function Gates({ preview }: { preview: Schemas["Preview"] }) {
  return (
    <Stack gap={6}>
      <Group gap="xs">
        <Badge color={COLORS[preview.reason] ?? "gray"} variant="light" tt="none">
          {preview.reason}
        </Badge>
        {preview.experience && <Text size="sm">sees “{preview.experience}”</Text>}
        {preview.group === "control" && <Text size="sm">is in the control group</Text>}
      </Group>
      <Why explanation={preview.explanation} />
      {preview.missing.length > 0 && (
        <Text size="sm" c="rust">
          Not found while rendering: {preview.missing.join(", ")}
        </Text>
      )}
    </Stack>
  );
}

function Why({ explanation }: { explanation: Explanation }) {
  return (
    <div>
      <Text size="sm">
        <Text span size="xs" c="dimmed" tt="uppercase" fw={600}>
          {explanation.gate}
        </Text>{" "}
        {explanation.message}
        {explanation.path && (
          <>
            {" "}
            (<code>{explanation.path}</code>
            {explanation.found !== undefined && <> is {JSON.stringify(explanation.found)}</>}
            {explanation.expected !== undefined && <>, expected {JSON.stringify(explanation.expected)}</>})
          </>
        )}
      </Text>
      {(explanation.rules ?? []).length > 0 && (
        <List size="sm" mt={4} withPadding>
          {explanation.rules!.map((one, index) => (
            <List.Item key={`${one.gate}-${index.toString()}`}>
              <Why explanation={one} />
            </List.Item>
          ))}
        </List>
      )}
      {(explanation.warnings ?? []).map((warning) => (
        <Text key={warning} size="sm" c="rust">
          {warning}
        </Text>
      ))}
    </div>
  );
}
