import { Box, Input, Skeleton } from "@mantine/core";
import { lazy, Suspense, useId } from "react";
import type { EditorProps } from "./editor/Editor";

const Editor = lazy(() => import("./editor/Editor"));

type Props = Omit<EditorProps, "labelledBy"> & {
  label?: string;
  description?: string;
  error?: string;
  /** path by which somebody is led here */
  "data-field"?: string;
};

/** A field for JSON: highlighting, brackets, and what is wrong beside its line. Loaded when it is first shown. */
export function JsonEditor({ label, description, error, "data-field": field, ...rest }: Props) {
  const id = useId();
  return (
    <Input.Wrapper
      label={label}
      description={description}
      error={error}
      labelElement="div"
      labelProps={{ id }}
      inputWrapperOrder={["label", "description", "input", "error"]}
    >
      <Box mt={4} data-field={field}>
        <Suspense fallback={<Skeleton h={rest.minHeight ?? 160} radius="sm" />}>
          <Editor {...rest} labelledBy={label ? id : undefined} />
        </Suspense>
      </Box>
    </Input.Wrapper>
  );
}
