/** The functions of libcrypto and libssl 3.x that Spillway calls, as bun:ffi wants them. */

/**
 * Pointers travel as JavaScript numbers: user-space addresses have 47 bits. A `ptr` argument takes
 * such a number, a typed array (for the length of the call) or null.
 */
export const CRYPTO_SYMBOLS = {
  OPENSSL_init_crypto: { args: ["u64", "ptr"], returns: "i32" },
  OpenSSL_version: { args: ["i32"], returns: "cstring" },
  OpenSSL_version_num: { args: [], returns: "u64" },
  ERR_clear_error: { args: [], returns: "void" },
  ERR_get_error: { args: [], returns: "u64" },
  ERR_error_string_n: { args: ["u64", "ptr", "u64"], returns: "void" },

  EVP_aes_128_gcm: { args: [], returns: "ptr" },
  EVP_aes_256_gcm: { args: [], returns: "ptr" },
  EVP_aes_128_ctr: { args: [], returns: "ptr" },
  EVP_CIPHER_CTX_new: { args: [], returns: "ptr" },
  EVP_CIPHER_CTX_free: { args: ["ptr"], returns: "void" },
  EVP_CIPHER_CTX_get_params: { args: ["ptr", "ptr"], returns: "i32" },
  EVP_CIPHER_CTX_set_params: { args: ["ptr", "ptr"], returns: "i32" },
  EVP_CIPHER_CTX_ctrl: { args: ["ptr", "i32", "i32", "ptr"], returns: "i32" },
  EVP_CipherInit_ex: { args: ["ptr", "ptr", "ptr", "ptr", "ptr", "i32"], returns: "i32" },
  EVP_CipherUpdate: { args: ["ptr", "ptr", "ptr", "ptr", "i32"], returns: "i32" },
  EVP_CipherFinal_ex: { args: ["ptr", "ptr", "ptr"], returns: "i32" },

  HMAC_CTX_new: { args: [], returns: "ptr" },
  HMAC_CTX_free: { args: ["ptr"], returns: "void" },
  HMAC_Init_ex: { args: ["ptr", "ptr", "i32", "ptr", "ptr"], returns: "i32" },
  HMAC_Update: { args: ["ptr", "ptr", "u64"], returns: "i32" },
  HMAC_Final: { args: ["ptr", "ptr", "ptr"], returns: "i32" },
  EVP_sha1: { args: [], returns: "ptr" },
  EVP_sha256: { args: [], returns: "ptr" },
  EVP_sha384: { args: [], returns: "ptr" },
  EVP_sha512: { args: [], returns: "ptr" },

  BIO_new: { args: ["ptr"], returns: "ptr" },
  BIO_s_mem: { args: [], returns: "ptr" },
  BIO_free: { args: ["ptr"], returns: "i32" },
  BIO_read: { args: ["ptr", "ptr", "i32"], returns: "i32" },
  BIO_write: { args: ["ptr", "ptr", "i32"], returns: "i32" },
  BIO_ctrl: { args: ["ptr", "i32", "i64", "ptr"], returns: "i64" },

  PEM_read_bio_X509: { args: ["ptr", "ptr", "ptr", "ptr"], returns: "ptr" },
  PEM_read_bio_PrivateKey: { args: ["ptr", "ptr", "ptr", "ptr"], returns: "ptr" },
  X509_digest: { args: ["ptr", "ptr", "ptr", "ptr"], returns: "i32" },
  X509_get_X509_PUBKEY: { args: ["ptr"], returns: "ptr" },
  i2d_X509_PUBKEY: { args: ["ptr", "ptr"], returns: "i32" },
  X509_free: { args: ["ptr"], returns: "void" },
  EVP_PKEY_free: { args: ["ptr"], returns: "void" },
} as const;

export const SSL_SYMBOLS = {
  OPENSSL_init_ssl: { args: ["u64", "ptr"], returns: "i32" },
  DTLS_method: { args: [], returns: "ptr" },
  DTLS_set_timer_cb: { args: ["ptr", "ptr"], returns: "void" },
  SSL_CTX_new: { args: ["ptr"], returns: "ptr" },
  SSL_CTX_free: { args: ["ptr"], returns: "void" },
  SSL_CTX_ctrl: { args: ["ptr", "i32", "i64", "ptr"], returns: "i64" },
  SSL_CTX_set_options: { args: ["ptr", "u64"], returns: "u64" },
  SSL_CTX_set_cipher_list: { args: ["ptr", "ptr"], returns: "i32" },
  SSL_CTX_set_verify: { args: ["ptr", "i32", "ptr"], returns: "void" },
  SSL_CTX_set_cert_verify_callback: { args: ["ptr", "ptr", "ptr"], returns: "void" },
  SSL_CTX_set_cookie_generate_cb: { args: ["ptr", "ptr"], returns: "void" },
  SSL_CTX_set_cookie_verify_cb: { args: ["ptr", "ptr"], returns: "void" },
  SSL_CTX_set_tlsext_use_srtp: { args: ["ptr", "ptr"], returns: "i32" },
  SSL_CTX_use_certificate: { args: ["ptr", "ptr"], returns: "i32" },
  SSL_CTX_use_PrivateKey: { args: ["ptr", "ptr"], returns: "i32" },
  SSL_CTX_check_private_key: { args: ["ptr"], returns: "i32" },
  SSL_new: { args: ["ptr"], returns: "ptr" },
  SSL_free: { args: ["ptr"], returns: "void" },
  SSL_alloc_buffers: { args: ["ptr"], returns: "i32" },
  SSL_free_buffers: { args: ["ptr"], returns: "i32" },
  SSL_ctrl: { args: ["ptr", "i32", "i64", "ptr"], returns: "i64" },
  SSL_set_bio: { args: ["ptr", "ptr", "ptr"], returns: "void" },
  SSL_set_accept_state: { args: ["ptr"], returns: "void" },
  SSL_set_connect_state: { args: ["ptr"], returns: "void" },
  SSL_do_handshake: { args: ["ptr"], returns: "i32" },
  SSL_is_init_finished: { args: ["ptr"], returns: "i32" },
  SSL_get_error: { args: ["ptr", "i32"], returns: "i32" },
  SSL_get_shutdown: { args: ["ptr"], returns: "i32" },
  SSL_shutdown: { args: ["ptr"], returns: "i32" },
  SSL_read: { args: ["ptr", "ptr", "i32"], returns: "i32" },
  SSL_write: { args: ["ptr", "ptr", "i32"], returns: "i32" },
  SSL_set_options: { args: ["ptr", "u64"], returns: "u64" },
  SSL_get_session: { args: ["ptr"], returns: "ptr" },
  SSL_SESSION_get_master_key: { args: ["ptr", "ptr", "u64"], returns: "u64" },
  SSL_get_client_random: { args: ["ptr", "ptr", "u64"], returns: "u64" },
  SSL_get_server_random: { args: ["ptr", "ptr", "u64"], returns: "u64" },
  SSL_get_current_cipher: { args: ["ptr"], returns: "ptr" },
  SSL_CIPHER_get_protocol_id: { args: ["ptr"], returns: "u16" },
  SSL_get1_peer_certificate: { args: ["ptr"], returns: "ptr" },
  SSL_get_selected_srtp_profile: { args: ["ptr"], returns: "ptr" },
  SSL_export_keying_material: {
    args: ["ptr", "ptr", "u64", "ptr", "u64", "ptr", "u64", "i32"],
    returns: "i32",
  },
} as const;

/** What we need of the C library to load a library from memory. */
export const MEMFD_SYMBOLS = {
  memfd_create: { args: ["ptr", "u32"], returns: "i32" },
} as const;
