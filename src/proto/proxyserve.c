/* The proxy's part of SOCKS 4, 4a, 5 and HTTP CONNECT. */
#include "proto/proxyserve.h"

#include <string.h>

#include "base/text.h"

const char *proxyserve_protocol(const struct proxyserve *p)
{
	if (p->how == ASKS_HTTP)
		return "HTTP CONNECT";
	return p->version == SOCKS_4 ? "SOCKS 4" : "SOCKS 5";
}

static enum proxyserve_step no(const char **why, const char *text)
{
	*why = text;
	return PROXY_REFUSED;
}

/* ---- HTTP ------------------------------------------------------------------- */

static bool put_status(struct buf *out, unsigned status, unsigned minor)
{
	return http1_put_status(out, status, minor) &&
	       (status != 405 || http1_put_field(out, "Allow", "CONNECT")) &&
	       http1_put_field(out, "Content-Length", "0") &&
	       http1_put_field(out, "Connection", "close") && http1_put_end(out);
}

/* "host:port", an IPv6 host in brackets (RFC 9112, section 3.2.3). */
static bool read_authority(struct http1_text target, struct socks_host *to)
{
	const char *host = target.at;
	size_t len = target.len, colon = len;
	long long port;

	while (colon && host[colon - 1] != ':')
		colon--;
	if (colon < 2 ||
	    !text_number(host + colon, len - colon, 0, 65535, &port, NULL))
		return false;
	len = colon - 1;
	if (*host == '[' && host[len - 1] == ']') {
		host++;
		len -= 2;
	} else if (memchr(host, ':', len)) {
		return false;
	}
	if (!len || len > SOCKS_TEXT_MAX)
		return false;
	memcpy(to->name, host, len);
	to->name[len] = '\0';
	to->port = (unsigned)port;
	return true;
}

static enum proxyserve_step refuse_http(struct buf *out, unsigned status, unsigned minor,
					const char **why, const char *text)
{
	put_status(out, status, minor);
	return no(why, text);
}

static enum proxyserve_step read_http(struct proxyserve *p, struct buf *in,
				      struct buf *out, const char **why)
{
	struct http1_head head;
	const char *wrong;

	switch (http1_read_request(in->data, in->len, &head, &wrong)) {
	case HTTP1_MORE:
		return PROXY_MORE;
	case HTTP1_BAD:
		return refuse_http(out, in->len < HTTP1_MAX ? 400 : 431, 1, why, wrong);
	case HTTP1_OK:
		break;
	}
	p->version = head.minor > 0;
	if (!text_same(head.method.at, head.method.len, "CONNECT"))
		return refuse_http(out, 405, p->version, why,
				   "it asks a web server, and only CONNECT is served");
	if (!read_authority(head.target, &p->to))
		return refuse_http(out, 400, p->version, why,
				   "what it asks for is no host and port");
	buf_drop(in, head.size);
	return PROXY_ASKED;
}

static unsigned status_of(enum socks_answer answer)
{
	switch (answer) {
	case SOCKS_GRANTED: return 200;
	case SOCKS_FORBIDDEN: return 403;
	case SOCKS_TTL_EXPIRED: return 504;
	default: return 502;
	}
}

/* The answer that opens the path has no body and no length (RFC 9110, section
 * 9.3.6). */
static bool answer_http(const struct proxyserve *p, enum socks_answer answer,
			struct buf *out)
{
	unsigned status = status_of(answer);

	if (status != 200)
		return put_status(out, status, p->version);
	return http1_put_status(out, status, p->version) && http1_put_end(out);
}

/* ---- SOCKS ------------------------------------------------------------------ */

static enum proxyserve_step greet(struct proxyserve *p, struct buf *in, struct buf *out,
				  const char **why)
{
	bool freely = false;
	size_t size;

	switch (socks5_get_greeting(in->data, in->len, &size, &freely)) {
	case SOCKS_SHORT:
		return PROXY_MORE;
	case SOCKS_BAD:
		return no(why, "its greeting is malformed");
	case SOCKS_WHOLE:
		break;
	}
	if (!socks5_put_choice(out, freely ? SOCKS_FREELY : SOCKS_NO_METHOD))
		return no(why, "memory is short");
	if (!freely)
		return no(why, "it insists on a login, and here is none");
	buf_drop(in, size);
	p->greeted = true;
	return PROXY_MORE;
}

static enum proxyserve_step read_request(struct proxyserve *p, struct buf *in,
					 struct buf *out, const char **why)
{
	enum socks_answer refusal = SOCKS_FAILED;
	struct socks_request request;
	size_t size;

	switch (socks_get_request(in->data, in->len, &size, &request, &refusal)) {
	case SOCKS_SHORT:
		return PROXY_MORE;
	case SOCKS_BAD:
		if (request.version)
			socks_put_reply(out, request.version, refusal, NULL);
		return no(why, "its request is malformed");
	case SOCKS_WHOLE:
		break;
	}
	if (request.version != p->version)
		return no(why, "it changes the version of SOCKS");
	if (request.command != SOCKS_CONNECT) {
		socks_put_reply(out, request.version, SOCKS_NO_COMMAND, NULL);
		return no(why, "it asks for something else than CONNECT");
	}
	if (!*request.to.name) {
		socks_put_reply(out, request.version, SOCKS_FAILED, NULL);
		return no(why, "it names no host");
	}
	p->to = request.to;
	buf_drop(in, size);
	return PROXY_ASKED;
}

static enum proxyserve_step read_socks(struct proxyserve *p, struct buf *in,
				       struct buf *out, const char **why)
{
	enum proxyserve_step r;

	if (p->version == SOCKS_5 && !p->greeted) {
		r = greet(p, in, out, why);
		if (r != PROXY_MORE || !p->greeted || !in->len)
			return r;
	}
	return read_request(p, in, out, why);
}

/* ---- both ------------------------------------------------------------------- */

enum proxyserve_step proxyserve_read(struct proxyserve *p, struct buf *in,
				     struct buf *out, const char **why)
{
	*why = NULL;
	if (!in->len)
		return PROXY_MORE;
	if (p->how == ASKS_SOMEHOW) {
		bool socks = in->data[0] == SOCKS_4 || in->data[0] == SOCKS_5;

		p->how = socks ? ASKS_SOCKS : ASKS_HTTP;
		p->version = socks ? in->data[0] : 1;
	}
	return p->how == ASKS_SOCKS ? read_socks(p, in, out, why)
				    : read_http(p, in, out, why);
}

bool proxyserve_answer(const struct proxyserve *p, enum socks_answer answer,
		       const struct socks_host *at, struct buf *out)
{
	if (p->how == ASKS_HTTP)
		return answer_http(p, answer, out);
	return socks_put_reply(out, (enum socks_version)p->version, answer, at);
}
