/** What SRTP and SRTCP add to a packet. */

/** RFC 7714 5.3. */
export const GCM_TAG_BYTES = 16;
/** HMAC-SHA1-80 (RFC 3711 5.2). */
export const HMAC_TAG_BYTES = 10;
/** The part of a compound RTCP packet that stays in clear. */
export const RTCP_CLEAR_BYTES = 8;
/** SRTCP's word of E and index: in front of the HMAC tag (RFC 3711 3.4), behind GCM's (RFC 7714 9.2). */
export const INDEX_WORD_BYTES = 4;
/** E, in that word. */
export const ENCRYPTED_FLAG = 0x80000000;
