import { NumberInput, type NumberInputProps } from "@mantine/core";
import { useState } from "react";

type Props = Omit<NumberInputProps, "value" | "onChange" | "onBlur" | "clampBehavior"> & {
  value: number;
  onChange: (value: number) => void;
};

/** A field that always holds a number: while it is empty the last one does, and stands there again when one leaves.
 * What is out of bounds is never changed behind anybody's back; it is told beside the field. */
export function NumberField({ value, onChange, ...rest }: Props) {
  const [unfinished, setUnfinished] = useState<string>();
  return (
    <NumberInput
      {...rest}
      clampBehavior="none"
      value={unfinished ?? value}
      onChange={(made) => {
        setUnfinished(typeof made === "number" ? undefined : made);
        if (typeof made === "number") onChange(made);
      }}
      onBlur={() => setUnfinished(undefined)}
    />
  );
}
