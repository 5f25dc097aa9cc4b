/* A link that can go away: takes connections on a port of this machine and passes bytes on to another port of it.
   A process for each connection, all in one group, so that kill(1) cuts the link, and stops it without a word. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct sockaddr_in here(int port) {
    struct sockaddr_in address;
    memset(&address, 0, sizeof address);
    address.sin_family = AF_INET;
    address.sin_port = htons((unsigned short)port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

/* Passes on what is there; 0 at the end or on an error. */
static int pass(int from, int to) {
    char bytes[65536];
    ssize_t count = read(from, bytes, sizeof bytes);
    for (ssize_t done = 0; done < count;) {
        ssize_t written = write(to, bytes + done, (size_t)(count - done));
        if (written <= 0) return 0;
        done += written;
    }
    return count > 0;
}

static void carry(int client, int port) {
    struct sockaddr_in address = here(port);
    int server = socket(AF_INET, SOCK_STREAM, 0);
    if (server < 0 || connect(server, (struct sockaddr *)&address, sizeof address) != 0) return;
    struct pollfd ends[2] = {{client, POLLIN, 0}, {server, POLLIN, 0}};
    while (poll(ends, 2, -1) > 0) {
        if (ends[0].revents && !pass(client, server)) return;
        if (ends[1].revents && !pass(server, client)) return;
    }
}

int main(int count, char **arguments) {
    if (count != 4) {
        fprintf(stderr, "usage: soak-relay PORT SERVER-PORT PORT-FILE\nPORT 0 takes any free one.\n");
        return 64;
    }
    int port = atoi(arguments[2]), on = 1;
    struct sockaddr_in address = here(atoi(arguments[1]));
    socklen_t length = sizeof address;
    signal(SIGCHLD, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
    setpgid(0, 0);
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) != 0 || listen(listener, 64) != 0) {
        perror("soak-relay");
        return 69;
    }
    getsockname(listener, (struct sockaddr *)&address, &length);
    FILE *file = fopen(arguments[3], "w");
    if (file == NULL || fprintf(file, "%d\n", ntohs(address.sin_port)) < 0 || fclose(file) != 0) return 73;
    for (;;) {
        int client = accept(listener, NULL, NULL);
        if (client < 0) continue;
        if (fork() == 0) {
            close(listener);
            carry(client, port);
            _exit(0);
        }
        close(client);
    }
}
