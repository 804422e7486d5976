"""Travel Rule peers: other providers, called and answered over mutual TLS by TRP 3.2.

`reach` says to which addresses the house may connect, `identity` who a certificate says somebody
is. `client` calls; `server` answers, with what `door` says a house puts behind it.
"""
