/* TLS in a build without OpenSSL: there is none. */
#include "load.h"

void tls_start(struct conn *c, bool server)
{
	(void)c;
	(void)server;
	die("built without OpenSSL");
}

ssize_t tls_read(struct conn *c, void *p, size_t n)
{
	(void)c;
	(void)p;
	(void)n;
	return CONN_FAIL;
}

ssize_t tls_write(struct conn *c, const void *p, size_t n)
{
	(void)c;
	(void)p;
	(void)n;
	return CONN_FAIL;
}

void tls_shut(struct conn *c)
{
	(void)c;
}

void tls_free(struct conn *c)
{
	(void)c;
}
