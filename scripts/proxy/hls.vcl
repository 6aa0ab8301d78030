# /etc/varnish/default.vcl, for Varnish 7.1: the crowd asks Varnish for tails, Varnish asks Spillway once.
vcl 4.1;

backend spillway {
  .host = "127.0.0.1";
  .port = "8080";
  # A request for what is about to come waits for it, nine seconds at most.
  .first_byte_timeout = 15s;
}

sub vcl_recv {
  # WHIP, WHEP, pages and the API are nobody else's.
  if (req.url !~ "^/hls/") {
    return (pass);
  }
  unset req.http.Cookie;
}

sub vcl_backend_response {
  if (bereq.url !~ "^/hls/") {
    return (deliver);
  }
  # A playlist that is over is not shown while the next one is fetched.
  set beresp.grace = 0s;
  set beresp.keep = 0s;
  # Refusals are not kept, and those who come a moment later do not wait for each other.
  if (beresp.http.Cache-Control ~ "no-store") {
    set beresp.ttl = 1s;
    set beresp.uncacheable = true;
    return (deliver);
  }
}
