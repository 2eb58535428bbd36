import { Box, Group, Text, Tooltip } from "@mantine/core";
import { percent } from "@/parts/figures";
import { type Experience, shares } from "./draft";

const COLORS = ["leaf.7", "blue.6", "grape.6", "teal.5", "indigo.5", "cyan.6", "lime.7", "violet.5"];

/** The colour of an experience, by its place in its rule. */
export const colorOf = (index: number): string => {
  const [name, shade] = COLORS[index % COLORS.length]!.split(".");
  return `var(--mantine-color-${name}-${shade})`;
};

type Props = { experiences: readonly Experience[]; control: number; thin?: boolean };

/** How a rule's visitors are shared: the control group first, then the experiences by weight. */
export function SplitBar({ experiences, control, thin }: Props) {
  const rest = 1 - control / 100;
  const parts = [
    { name: "Control", share: control / 100, color: "var(--mantine-color-rust-4)" },
    ...shares(experiences).map((share, index) => ({
      name: experiences[index]!.name || `Experience ${index + 1}`,
      share: share * rest,
      color: colorOf(index),
    })),
  ].filter((part) => part.share > 0);
  const told = parts.map((part) => `${part.name} ${percent(part.share)}`).join(", ");
  return (
    <div>
      <Tooltip label={told} multiline maw={320} disabled={!thin}>
        <Group gap={2} wrap="nowrap" role="img" aria-label={told}>
          {parts.map((part) => (
            <Box
              key={part.name}
              h={thin ? 8 : 18}
              bdrs={3}
              style={{ flex: `${part.share} 1 0`, minWidth: 3, backgroundColor: part.color }}
            />
          ))}
        </Group>
      </Tooltip>
      {!thin && (
        <Group gap="md" mt={6}>
          {parts.map((part) => (
            <Group key={part.name} gap={6}>
              <Box w={10} h={10} bdrs={3} style={{ backgroundColor: part.color }} aria-hidden />
              <Text size="xs">
                {part.name} <b>{percent(part.share)}</b>
              </Text>
            </Group>
          ))}
        </Group>
      )}
    </div>
  );
}
