import config from "../../deno.json" with { type: "json" };

/** Version of this product. */
export const VERSION: string = config.version;
