import { Autocomplete, Group, Select, Stack, Text } from "@mantine/core";
import { NumberField } from "@/parts/NumberField";
import { hasOperators } from "./model";
import { Period, Where } from "./Period";
import { type PastProps, specOf } from "./past";
import { ValueField } from "./ValueField";

/** Which value of a property is the usual one in what somebody did. */
export function AffinityRow(props: PastProps) {
  const { known, disabled } = props;
  const [spec, set] = specOf(props);
  const event = String(spec.event ?? "");
  const properties = known.properties.get(event) ?? new Map<string, string>();
  const share = typeof spec.share === "number" ? spec.share : undefined;
  return (
    <Stack gap={6}>
      <Group gap="xs" align="flex-start">
        <Autocomplete
          aria-label="Event"
          placeholder="event"
          w={150}
          disabled={disabled}
          data={known.events}
          value={event}
          onChange={(made) => set({ event: made })}
        />
        <Select
          aria-label="How much of it"
          w={175}
          allowDeselect={false}
          disabled={disabled}
          data={[
            { value: "most", label: "mostly about" },
            { value: "share", label: "at least … % about" },
          ]}
          value={share === undefined ? "most" : "share"}
          onChange={(made) => (made === "share" ? set({ share: 0.5 }) : set({}, ["share"]))}
        />
        {share !== undefined && (
          <NumberField
            aria-label="Share"
            w={90}
            min={0.01}
            max={100}
            suffix=" %"
            disabled={disabled}
            value={Number((share * 100).toPrecision(12))}
            onChange={(n) => set({ share: Number((n / 100).toPrecision(12)) })}
          />
        )}
        <Autocomplete
          aria-label="Property"
          placeholder="property"
          w={140}
          disabled={disabled}
          data={[...properties.keys()].sort()}
          value={String(spec.property ?? "")}
          onChange={(property) => set({ property })}
        />
        <Text size="sm" mt={6}>
          =
        </Text>
        <ValueField
          op={hasOperators(spec.is) ? "json" : "$eq"}
          value={spec.is ?? ""}
          usual={properties.get(String(spec.property ?? ""))}
          unseen={known.whole && Boolean(spec.property)}
          disabled={disabled}
          onChange={(is) => set({ is })}
        />
      </Group>
      <Group gap="xs">
        <Text size="sm">with at least</Text>
        <NumberField
          aria-label="At least so many events"
          w={80}
          min={1}
          disabled={disabled}
          value={Number(spec.minimum ?? 1)}
          onChange={(n) => (n === 1 ? set({}, ["minimum"]) : set({ minimum: n }))}
        />
        <Text size="sm">of them</Text>
        <Period spec={spec} set={set} disabled={disabled} />
      </Group>
      <Where spec={spec} event={event} set={set} known={known} disabled={disabled} />
    </Stack>
  );
}
