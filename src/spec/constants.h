/* Names of the option table that some system lacks.
 *
 * Such a name is defined as ABSENT; its row stays and answers "not available on
 * this system".  What POSIX and all systems have is not listed. */
#ifndef SOCKCAT_SPEC_CONSTANTS_H
#define SOCKCAT_SPEC_CONSTANTS_H

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#ifdef __linux__
#include <linux/dccp.h>
#include <linux/fs.h>
#include <linux/sctp.h>
#include <linux/sockios.h>

/* The kernel has these, its headers for programs don't. */
#ifndef UDPLITE_SEND_CSCOV
#define UDPLITE_SEND_CSCOV 10
#define UDPLITE_RECV_CSCOV 11
#endif
#ifndef IPV6_FLOWINFO
#define IPV6_FLOWINFO 11
#endif
#else
#include <sys/sockio.h>
#endif

#include "spec/option.h"

/* Families: one that nothing has. */
#ifndef AF_VSOCK
#define AF_VSOCK (-1)
#endif
#ifndef AF_PACKET
#define AF_PACKET (-1)
#endif

/* What code asks for beside the rows. */
#ifndef FS_IOC_GETFLAGS
#define FS_IOC_GETFLAGS 0UL
#define FS_IOC_SETFLAGS 0UL
#endif
#ifndef O_PATH
#define O_PATH O_RDONLY
#endif

/* Counterparts of IPv4 options: 0 = has none. */
#ifndef IPV6_FREEBIND
#define IPV6_FREEBIND 0
#endif
#ifndef IPV6_TRANSPARENT
#define IPV6_TRANSPARENT 0
#endif

/* Resolving. */
#ifndef AI_ADDRCONFIG
#define AI_ADDRCONFIG ABSENT
#endif
#ifndef AI_ALL
#define AI_ALL ABSENT
#endif
#ifndef AI_V4MAPPED
#define AI_V4MAPPED ABSENT
#endif

/* Sockets. */
#ifndef FIOSETOWN
#define FIOSETOWN ABSENT
#endif
#ifndef IPPROTO_SCTP
#define IPPROTO_SCTP ABSENT
#endif
#ifndef IPPROTO_UDPLITE
#define IPPROTO_UDPLITE ABSENT
#endif
#ifndef SIOCSPGRP
#define SIOCSPGRP ABSENT
#endif
#ifndef SOL_DCCP
#define SOL_DCCP ABSENT
#endif
#ifndef SO_AUDIT
#define SO_AUDIT ABSENT
#endif
#ifndef SO_BINDTODEVICE
#define SO_BINDTODEVICE ABSENT
#endif
#ifndef SO_BSDCOMPAT
#define SO_BSDCOMPAT ABSENT
#endif
#ifndef SO_CKSUMRECV
#define SO_CKSUMRECV ABSENT
#endif
#ifndef SO_DETACH_FILTER
#define SO_DETACH_FILTER ABSENT
#endif
#ifndef SO_DGRAM_ERRIND
#define SO_DGRAM_ERRIND ABSENT
#endif
#ifndef SO_DONTLINGER
#define SO_DONTLINGER ABSENT
#endif
#ifndef SO_KERNACCEPT
#define SO_KERNACCEPT ABSENT
#endif
#ifndef SO_NOREUSEADDR
#define SO_NOREUSEADDR ABSENT
#endif
#ifndef SO_NO_CHECK
#define SO_NO_CHECK ABSENT
#endif
#ifndef SO_PASSCRED
#define SO_PASSCRED ABSENT
#endif
#ifndef SO_PEERCRED
#define SO_PEERCRED ABSENT
#endif
#ifndef SO_PRIORITY
#define SO_PRIORITY ABSENT
#endif
#ifndef SO_REUSEPORT
#define SO_REUSEPORT ABSENT
#endif
#ifndef SO_SECURITY_AUTHENTICATION
#define SO_SECURITY_AUTHENTICATION ABSENT
#endif
#ifndef SO_SECURITY_ENCRYPTION_NETWORK
#define SO_SECURITY_ENCRYPTION_NETWORK ABSENT
#endif
#ifndef SO_SECURITY_ENCRYPTION_TRANSPORT
#define SO_SECURITY_ENCRYPTION_TRANSPORT ABSENT
#endif
#ifndef SO_TIMESTAMP
#define SO_TIMESTAMP ABSENT
#endif
#ifndef SO_USELOOPBACK
#define SO_USELOOPBACK ABSENT
#endif
#ifndef SO_USE_IFBUFS
#define SO_USE_IFBUFS ABSENT
#endif

/* IPv4. */
#ifndef IP_ADD_SOURCE_MEMBERSHIP
#define IP_ADD_SOURCE_MEMBERSHIP ABSENT
#endif
#ifndef IP_FREEBIND
#define IP_FREEBIND ABSENT
#endif
#ifndef IP_MTU
#define IP_MTU ABSENT
#endif
#ifndef IP_MTU_DISCOVER
#define IP_MTU_DISCOVER ABSENT
#endif
#ifndef IP_PKTINFO
#define IP_PKTINFO ABSENT
#endif
#ifndef IP_PKTOPTIONS
#define IP_PKTOPTIONS ABSENT
#endif
#ifndef IP_RECVDSTADDR
#define IP_RECVDSTADDR ABSENT
#endif
#ifndef IP_RECVERR
#define IP_RECVERR ABSENT
#endif
#ifndef IP_RECVIF
#define IP_RECVIF ABSENT
#endif
#ifndef IP_RECVOPTS
#define IP_RECVOPTS ABSENT
#endif
#ifndef IP_RECVTOS
#define IP_RECVTOS ABSENT
#endif
#ifndef IP_RECVTTL
#define IP_RECVTTL ABSENT
#endif
#ifndef IP_RETOPTS
#define IP_RETOPTS ABSENT
#endif
#ifndef IP_ROUTER_ALERT
#define IP_ROUTER_ALERT ABSENT
#endif
#ifndef IP_TRANSPARENT
#define IP_TRANSPARENT ABSENT
#endif

/* IPv6. */
#ifndef IPV6_AUTHHDR
#define IPV6_AUTHHDR ABSENT
#endif
#ifndef IPV6_DSTOPTS
#define IPV6_DSTOPTS ABSENT
#endif
#ifndef IPV6_FLOWINFO
#define IPV6_FLOWINFO ABSENT
#endif
#ifndef IPV6_HOPLIMIT
#define IPV6_HOPLIMIT ABSENT
#endif
#ifndef IPV6_HOPOPTS
#define IPV6_HOPOPTS ABSENT
#endif
#ifndef IPV6_MTU_DISCOVER
#define IPV6_MTU_DISCOVER ABSENT
#endif
#ifndef IPV6_PKTINFO
#define IPV6_PKTINFO ABSENT
#endif
#ifndef IPV6_RECVDSTOPTS
#define IPV6_RECVDSTOPTS ABSENT
#endif
#ifndef IPV6_RECVERR
#define IPV6_RECVERR ABSENT
#endif
#ifndef IPV6_RECVHOPLIMIT
#define IPV6_RECVHOPLIMIT ABSENT
#endif
#ifndef IPV6_RECVHOPOPTS
#define IPV6_RECVHOPOPTS ABSENT
#endif
#ifndef IPV6_RECVPATHMTU
#define IPV6_RECVPATHMTU ABSENT
#endif
#ifndef IPV6_RECVPKTINFO
#define IPV6_RECVPKTINFO ABSENT
#endif
#ifndef IPV6_RECVRTHDR
#define IPV6_RECVRTHDR ABSENT
#endif
#ifndef IPV6_RECVTCLASS
#define IPV6_RECVTCLASS ABSENT
#endif
#ifndef IPV6_RTHDR
#define IPV6_RTHDR ABSENT
#endif
#ifndef IPV6_TCLASS
#define IPV6_TCLASS ABSENT
#endif
#ifndef MCAST_JOIN_SOURCE_GROUP
#define MCAST_JOIN_SOURCE_GROUP ABSENT
#endif

/* TCP. */
#ifndef TCP_ABORT_THRESHOLD
#define TCP_ABORT_THRESHOLD ABSENT
#endif
#ifndef TCP_CONN_ABORT_THRESHOLD
#define TCP_CONN_ABORT_THRESHOLD ABSENT
#endif
#ifndef TCP_CORK
#define TCP_CORK ABSENT
#endif
#ifndef TCP_DEFER_ACCEPT
#define TCP_DEFER_ACCEPT ABSENT
#endif
#ifndef TCP_INFO
#define TCP_INFO ABSENT
#endif
#ifndef TCP_KEEPCNT
#define TCP_KEEPCNT ABSENT
#endif
#ifndef TCP_KEEPIDLE
#define TCP_KEEPIDLE ABSENT
#endif
#ifndef TCP_KEEPINIT
#define TCP_KEEPINIT ABSENT
#endif
#ifndef TCP_KEEPINTVL
#define TCP_KEEPINTVL ABSENT
#endif
#ifndef TCP_LINGER2
#define TCP_LINGER2 ABSENT
#endif
#ifndef TCP_MAXSEG
#define TCP_MAXSEG ABSENT
#endif
#ifndef TCP_MD5SIG
#define TCP_MD5SIG ABSENT
#endif
#ifndef TCP_NOOPT
#define TCP_NOOPT ABSENT
#endif
#ifndef TCP_NOPUSH
#define TCP_NOPUSH ABSENT
#endif
#ifndef TCP_PAWS
#define TCP_PAWS ABSENT
#endif
#ifndef TCP_QUICKACK
#define TCP_QUICKACK ABSENT
#endif
#ifndef TCP_RFC1323
#define TCP_RFC1323 ABSENT
#endif
#ifndef TCP_SACKENA
#define TCP_SACKENA ABSENT
#endif
#ifndef TCP_SACK_DISABLE
#define TCP_SACK_DISABLE ABSENT
#endif
#ifndef TCP_SIGNATURE_ENABLE
#define TCP_SIGNATURE_ENABLE ABSENT
#endif
#ifndef TCP_STDURG
#define TCP_STDURG ABSENT
#endif
#ifndef TCP_SYNCNT
#define TCP_SYNCNT ABSENT
#endif
#ifndef TCP_TSOPTENA
#define TCP_TSOPTENA ABSENT
#endif
#ifndef TCP_WINDOW_CLAMP
#define TCP_WINDOW_CLAMP ABSENT
#endif

/* Other transports. */
#ifndef DCCP_SOCKOPT_CCID
#define DCCP_SOCKOPT_CCID ABSENT
#endif
#ifndef SCTP_MAXSEG
#define SCTP_MAXSEG ABSENT
#endif
#ifndef SCTP_NODELAY
#define SCTP_NODELAY ABSENT
#endif
#ifndef UDPLITE_RECV_CSCOV
#define UDPLITE_RECV_CSCOV ABSENT
#endif
#ifndef UDPLITE_SEND_CSCOV
#define UDPLITE_SEND_CSCOV ABSENT
#endif

/* Files. */
#ifndef FS_APPEND_FL
#define FS_APPEND_FL ABSENT
#endif
#ifndef FS_COMPR_FL
#define FS_COMPR_FL ABSENT
#endif
#ifndef FS_DIRSYNC_FL
#define FS_DIRSYNC_FL ABSENT
#endif
#ifndef FS_IMMUTABLE_FL
#define FS_IMMUTABLE_FL ABSENT
#endif
#ifndef FS_JOURNAL_DATA_FL
#define FS_JOURNAL_DATA_FL ABSENT
#endif
#ifndef FS_NOATIME_FL
#define FS_NOATIME_FL ABSENT
#endif
#ifndef FS_NODUMP_FL
#define FS_NODUMP_FL ABSENT
#endif
#ifndef FS_NOTAIL_FL
#define FS_NOTAIL_FL ABSENT
#endif
#ifndef FS_SECRM_FL
#define FS_SECRM_FL ABSENT
#endif
#ifndef FS_SYNC_FL
#define FS_SYNC_FL ABSENT
#endif
#ifndef FS_TOPDIR_FL
#define FS_TOPDIR_FL ABSENT
#endif
#ifndef FS_UNRM_FL
#define FS_UNRM_FL ABSENT
#endif
#ifndef F_SETPIPE_SZ
#define F_SETPIPE_SZ ABSENT
#endif
#ifndef O_ASYNC
#define O_ASYNC ABSENT
#endif
#ifndef O_BINARY
#define O_BINARY ABSENT
#endif
#ifndef O_DEFER
#define O_DEFER ABSENT
#endif
#ifndef O_DELAY
#define O_DELAY ABSENT
#endif
#ifndef O_DIRECT
#define O_DIRECT ABSENT
#endif
#ifndef O_DSYNC
#define O_DSYNC ABSENT
#endif
#ifndef O_LARGEFILE
#define O_LARGEFILE ABSENT
#endif
#ifndef O_NOATIME
#define O_NOATIME ABSENT
#endif
#ifndef O_NOINHERIT
#define O_NOINHERIT ABSENT
#endif
#ifndef O_NSHARE
#define O_NSHARE ABSENT
#endif
#ifndef O_PRIV
#define O_PRIV ABSENT
#endif
#ifndef O_RSHARE
#define O_RSHARE ABSENT
#endif
#ifndef O_RSYNC
#define O_RSYNC ABSENT
#endif
#ifndef O_TEXT
#define O_TEXT ABSENT
#endif

/* Terminals: modes. */
#ifndef BS0
#define BS0 ABSENT
#endif
#ifndef BS1
#define BS1 ABSENT
#endif
#ifndef BSDLY
#define BSDLY ABSENT
#endif
#ifndef CR0
#define CR0 ABSENT
#endif
#ifndef CR1
#define CR1 ABSENT
#endif
#ifndef CR2
#define CR2 ABSENT
#endif
#ifndef CR3
#define CR3 ABSENT
#endif
#ifndef CRDLY
#define CRDLY ABSENT
#endif
#ifndef CRTSCTS
#define CRTSCTS ABSENT
#endif
#ifndef ECHOCTL
#define ECHOCTL ABSENT
#endif
#ifndef ECHOKE
#define ECHOKE ABSENT
#endif
#ifndef ECHOPRT
#define ECHOPRT ABSENT
#endif
#ifndef FF0
#define FF0 ABSENT
#endif
#ifndef FF1
#define FF1 ABSENT
#endif
#ifndef FFDLY
#define FFDLY ABSENT
#endif
#ifndef FLUSHO
#define FLUSHO ABSENT
#endif
#ifndef IMAXBEL
#define IMAXBEL ABSENT
#endif
#ifndef IUCLC
#define IUCLC ABSENT
#endif
#ifndef NL0
#define NL0 ABSENT
#endif
#ifndef NL1
#define NL1 ABSENT
#endif
#ifndef NLDLY
#define NLDLY ABSENT
#endif
#ifndef OFDEL
#define OFDEL ABSENT
#endif
#ifndef OFILL
#define OFILL ABSENT
#endif
#ifndef OLCUC
#define OLCUC ABSENT
#endif
#ifndef PENDIN
#define PENDIN ABSENT
#endif
#ifndef TAB0
#define TAB0 ABSENT
#endif
#ifndef TAB1
#define TAB1 ABSENT
#endif
#ifndef TAB2
#define TAB2 ABSENT
#endif
#ifndef TAB3
#define TAB3 ABSENT
#endif
#ifndef TABDLY
#define TABDLY ABSENT
#endif
#ifndef VT0
#define VT0 ABSENT
#endif
#ifndef VT1
#define VT1 ABSENT
#endif
#ifndef VTDLY
#define VTDLY ABSENT
#endif
#ifndef XCASE
#define XCASE ABSENT
#endif
#ifndef XTABS
#define XTABS ABSENT
#endif

/* Terminals: characters. */
#ifndef VDISCARD
#define VDISCARD ABSENT
#endif
#ifndef VDSUSP
#define VDSUSP ABSENT
#endif
#ifndef VEOL2
#define VEOL2 ABSENT
#endif
#ifndef VLNEXT
#define VLNEXT ABSENT
#endif
#ifndef VREPRINT
#define VREPRINT ABSENT
#endif
#ifndef VSWTC
#define VSWTC ABSENT
#endif
#ifndef VWERASE
#define VWERASE ABSENT
#endif

/* Terminals: speeds. */
#ifndef B1000000
#define B1000000 ABSENT
#endif
#ifndef B115200
#define B115200 ABSENT
#endif
#ifndef B1152000
#define B1152000 ABSENT
#endif
#ifndef B1500000
#define B1500000 ABSENT
#endif
#ifndef B2000000
#define B2000000 ABSENT
#endif
#ifndef B230400
#define B230400 ABSENT
#endif
#ifndef B2500000
#define B2500000 ABSENT
#endif
#ifndef B3000000
#define B3000000 ABSENT
#endif
#ifndef B3500000
#define B3500000 ABSENT
#endif
#ifndef B3600
#define B3600 ABSENT
#endif
#ifndef B4000000
#define B4000000 ABSENT
#endif
#ifndef B460800
#define B460800 ABSENT
#endif
#ifndef B500000
#define B500000 ABSENT
#endif
#ifndef B57600
#define B57600 ABSENT
#endif
#ifndef B576000
#define B576000 ABSENT
#endif
#ifndef B7200
#define B7200 ABSENT
#endif
#ifndef B900
#define B900 ABSENT
#endif
#ifndef B921600
#define B921600 ABSENT
#endif

#endif
