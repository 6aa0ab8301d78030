/** What a caught value says: anything may be thrown. */
export declare function messageOf(error: unknown): string;
